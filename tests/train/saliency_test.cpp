#include "train/saliency.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <map>

#include "model/batch_norm.h"
#include "model/last_map.h"
#include "model/relu.h"
#include "model/stages.h"

namespace fer {
namespace {

using torch::Tensor;

constexpr std::int64_t kSide = 12, kClasses = 3;

/// One convolution, whose layers a test runs one by one.
class SmallNet final : public Net {
 public:
  SmallNet() {
    register_module("convolution", convolution);
    register_module("norm", norm);
    register_module("linear", linear);
    const torch::NoGradGuard no_grad;
    norm->running_mean.uniform_(-1, 1);
    norm->running_var.uniform_(0.5, 2);
  }

  Tensor classify(const Tensor& images) override {
    return linear->forward(torch::max_pool2d(norm->forward(convolution->forward(images)).relu_(), 2).flatten(1));
  }
  std::vector<std::string> head_names() const override { return {"linear"}; }

  torch::nn::Conv2d convolution{torch::nn::Conv2dOptions(1, 4, 3).padding(1)};
  BatchNorm norm{4};
  torch::nn::Linear linear{4 * (kSide / 2) * (kSide / 2), kClasses};
};

/// Maps whose largest value is 1, or that are zero.
Tensor up_to_one(const Tensor& maps) {
  return (maps / maps.amax({1, 2}, /*keepdim=*/true)).nan_to_num(0);
}

Tensor enlarged(const Tensor& maps, std::int64_t side) {
  return torch::upsample_bilinear2d(maps.unsqueeze(1), {side, side}, /*align_corners=*/false).squeeze(1);
}

/// The paper's definition, channel by channel.
Tensor defined_grad_cam(const Tensor& map, const Tensor& gradient) {
  auto sum = torch::zeros_like(map.select(1, 0));
  for (std::int64_t k = 0; k < map.size(1); ++k) {
    const auto weight = gradient.select(1, k).flatten(1).sum(1) / static_cast<double>(map.size(2) * map.size(3));
    sum += weight.view({-1, 1, 1}) * map.select(1, k);
  }
  return torch::relu(sum);
}

struct LastMapCase {
  ModelConfig config;
  std::vector<std::int64_t> shape;  // of a picture's map; empty: there is none
};

/// Every net of model.cpp, small; of the nets for photographs without their own head, which takes gigabytes.
std::map<std::string, LastMapCase> last_maps() {
  const auto photographic = [](const std::string& name, std::int64_t size) {
    return ModelConfig{name, kClasses, 48, 48, size, "dense:8"};
  };
  const auto gray = [](const std::string& name) { return ModelConfig{name, kClasses, 48, 48}; };
  return {
      {"cnn-bayes", {gray("cnn-bayes"), {128, 6, 6}}},
      {"cnn2", {gray("cnn2"), {32, 19, 19}}},
      {"cnn3-mlp", {gray("cnn3-mlp"), {128, 12, 12}}},
      {"cnn4", {gray("cnn4"), {384, 6, 6}}},
      {"cnn7", {gray("cnn7"), {256, 6, 6}}},
      {"cnn9", {gray("cnn9"), {128, 12, 12}}},
      {"efficientnet_b2", {photographic("efficientnet_b2", 48), {1408, 2, 2}}},
      {"fast-m", {gray("fast-m"), {320, 3, 3}}},
      {"fast-s", {gray("fast-s"), {192, 3, 3}}},
      {"fer-resnet18", {gray("fer-resnet18"), {512, 6, 6}}},
      {"fer-vgg19", {gray("fer-vgg19"), {512, 3, 3}}},
      {"inception_v3", {photographic("inception_v3", 107), {2048, 2, 2}}},  // of all branches together
      {"mlp", {gray("mlp"), {}}},
      {"resnet18", {photographic("resnet18", 48), {512, 2, 2}}},
      {"resnet50", {photographic("resnet50", 48), {2048, 2, 2}}},
      {"s3-joint", {{"s3-joint", kClasses, 48, 48, 32}, {512, 2, 2}}},  // of its last branch
      {"s4-cnn", {gray("s4-cnn"), {10, 9, 9}}},
      {"strong", {gray("strong"), {512, 6, 6}}},
      {"vgg16", {photographic("vgg16", 48), {512, 3, 3}}},
      {"vgg19", {photographic("vgg19", 48), {512, 3, 3}}},
  };
}

}  // namespace

TEST(Saliency, IsThePapersDefinition) {
  torch::manual_seed(1);
  SmallNet net;
  const auto images = torch::rand({5, 1, kSide, kSide});
  const auto classes = torch::tensor({0, 1, 2, 1, 0}, torch::kInt64);
  const auto found = saliency_of(net, images, classes);

  const auto pixels = images.clone().requires_grad_();
  const auto map = torch::relu(net.norm->forward(net.convolution->forward(pixels)));
  const auto logits = net.linear->forward(torch::max_pool2d(map, 2).flatten(1));
  const auto score = logits.gather(1, classes.unsqueeze(1)).sum();
  const auto gradients = torch::autograd::grad({score}, {map, pixels});
  const auto cam = defined_grad_cam(map, gradients[0]);
  EXPECT_TRUE(torch::allclose(found.grad_cam, up_to_one(enlarged(cam, kSide)), 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(found.gradient, up_to_one(gradients[1].abs().squeeze(1)), 1e-4, 1e-5));
}

TEST(Saliency, OfAPictureDoesNotDependOnTheOthers) {
  torch::manual_seed(2);
  SmallNet net;
  const auto images = torch::rand({3, 1, kSide, kSide});
  const auto classes = torch::tensor({2, 0, 1}, torch::kInt64);
  const auto together = saliency_of(net, images, classes);
  const auto alone = saliency_of(net, images.slice(0, 1, 2), classes.slice(0, 1, 2));
  EXPECT_TRUE(torch::allclose(together.grad_cam[1], alone.grad_cam[0], 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(together.gradient[1], alone.gradient[0], 1e-4, 1e-5));
}

TEST(Saliency, IsZeroWhereNothingSpeaks) {
  SmallNet net;
  net.linear->weight.data().zero_();
  const auto found = saliency_of(net, torch::rand({2, 1, kSide, kSide}), torch::zeros({2}, torch::kInt64));
  EXPECT_TRUE(torch::equal(found.grad_cam, torch::zeros({2, kSide, kSide})));
  EXPECT_TRUE(torch::equal(found.gradient, torch::zeros({2, kSide, kSide})));
}

// Chains are as they were afterwards, and what they computed while they were is explained.
TEST(Saliency, GoesThroughChainsLayerByLayerAndLeavesTheNetAsItWas) {
  torch::manual_seed(3);
  const auto net = make_model({"cnn3-mlp", kClasses, 24, 24});
  const auto images = torch::rand({4, 1, 24, 24});
  const auto classes = torch::tensor({0, 1, 2, 0}, torch::kInt64);
  const auto* stages = net->named_children()["features"]->as<StagesImpl>();
  const auto in_chains = saliency_of(*net, images, classes);
  EXPECT_FALSE(stages->runs_plain());
  run_plain(*net, true);
  const auto plain = saliency_of(*net, images, classes);
  EXPECT_TRUE(stages->runs_plain());
  EXPECT_TRUE(torch::equal(in_chains.grad_cam, plain.grad_cam));
  EXPECT_GT(plain.grad_cam.sum().item<double>(), 0);
  EXPECT_FALSE(net->is_training());
  for (const auto& parameter : net->parameters()) EXPECT_FALSE(parameter.grad().defined());
}

TEST(Saliency, ExplainsEveryNet) {
  const auto cases = last_maps();
  for (const auto& name : model_names()) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(cases.contains(name));
    const auto& [config, shape] = cases.at(name);
    torch::manual_seed(4);
    const auto net = make_model(config);
    net->eval();
    run_plain(*net, true);
    const auto pixels = torch::rand({2, 1, config.height, config.width}).requires_grad_();
    {
      const LastMap last;
      net->forward(pixels);
      ASSERT_EQ(last.map().defined(), !shape.empty());
      if (!shape.empty()) {
        EXPECT_EQ(last.map()[0].sizes(), shape);
      }
    }
    const auto found = saliency_of(*net, pixels, torch::tensor({0, 2}, torch::kInt64));
    for (const auto& map : {found.grad_cam, found.gradient}) {
      EXPECT_EQ(map.sizes(), (std::vector<std::int64_t>{2, config.height, config.width}));
      const auto largest = map.amax({1, 2});
      EXPECT_TRUE(((largest == 1) | (largest == 0)).all().item<bool>());
      EXPECT_GE(map.min().item<float>(), 0);
    }
  }
}

// A gate that is computed of the map, and a shortcut, belong to what is handed to the pool; what a pool made does not.
TEST(LastMap, IsWhatThePoolGets) {
  const auto images = torch::rand({2, 1, 8, 8}).requires_grad_();
  const auto weight = torch::rand({3, 1, 3, 3});
  const LastMap last;
  const auto map = torch::conv2d(images, weight, {}, 1, 1).relu_();
  const auto gated = map * map.mean({2, 3}, /*keepdim=*/true).sigmoid();
  const auto handed = torch::cat({gated + images, gated}, 1);
  EXPECT_TRUE(torch::max_pool2d(handed, 2).requires_grad());
  EXPECT_TRUE(last.map().is_same(handed));
}

TEST(LastMap, ForgetsAnEarlierConvolution) {
  const auto images = torch::rand({2, 1, 8, 8}).requires_grad_();
  const LastMap last;
  const auto first = torch::conv2d(images, torch::rand({3, 1, 3, 3}));
  const auto second = torch::conv2d(first.relu(), torch::rand({5, 3, 3, 3}));
  EXPECT_TRUE(last.map().is_same(second));
  EXPECT_TRUE((first * 2).requires_grad());
  EXPECT_TRUE(last.map().is_same(second));
}

}  // namespace fer
