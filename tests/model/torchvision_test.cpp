#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "model/dropout.h"
#include "model/model.h"
#include "model/stochastic_depth.h"
#include "support/expect_error.h"
#include "support/hashed_data.h"

namespace fer {
namespace {

// Weights, inputs and what is recorded of gradients: as in tests/golden/make_torchvision_golden.py.
constexpr std::int64_t kCount = 4;
constexpr std::uint32_t kFirstWeightStream = 1000;
constexpr std::uint32_t kFirstStatisticStream = 5000;
constexpr std::uint32_t kInputStream = 77;
constexpr std::uint32_t kProjectionStream = 9;

// Of the largest logit. PyTorch's own float32 is within 1.1e-6 of the float64 recorded; how the logits differ between
// pictures is 0.01 of them at least.
constexpr double kFloatTolerance = 1e-5;
// Of the loss, or of a gradient's norm. Rounding changes 2e-11 of it, the digits in the file 5e-9.
constexpr double kDoubleTolerance = 1e-6;
// Of the largest gradient's norm: what rounding leaves of gradients that are zero, those of biases whose effect the
// next batch norm subtracts again.
constexpr double kNoise = 1e-12;

using Json = nlohmann::ordered_json;  // keeps the parameters' order

Json golden_of(const std::string& name) {
  return Json::parse(std::ifstream(std::string(FER_GOLDEN_FOLDER) + "/torchvision.json"))["nets"][name];
}

/// float32: offset + scale * hashed_uniform.
torch::Tensor hashed(torch::IntArrayRef sizes, std::uint32_t stream, double scale, double offset = 0) {
  auto values = torch::empty(sizes, torch::kFloat32);
  auto* elements = values.data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i)
    elements[i] = static_cast<float>(offset + scale * hashed_uniform(static_cast<std::uint32_t>(i), stream));
  return values;
}

torch::Tensor hashed_inputs(std::int64_t side) {
  return hashed({kCount, 3, side, side}, kInputStream, 1);
}

/// Weights vary by +-sqrt(6 / fan in), a batch norm's and all biases by +-0.1, running variances by +-0.5.
void set_golden_weights(torch::nn::Module& net) {
  const torch::NoGradGuard no_grad;
  const auto buffers = net.named_buffers();
  auto stream = kFirstWeightStream;
  for (const auto& entry : net.named_parameters()) {
    const auto& parameter = entry.value();
    const auto layer = entry.key().substr(0, entry.key().rfind('.'));
    const bool is_scale = entry.key().ends_with(".weight") && buffers.contains(layer + ".running_mean");
    double range = 0.1;
    if (parameter.dim() > 1) range = std::sqrt(6.0 / static_cast<double>(parameter.numel() / parameter.size(0)));
    parameter.copy_(hashed(parameter.sizes(), stream++, range, is_scale ? 1 : 0));
  }
  stream = kFirstStatisticStream;
  for (const auto& entry : buffers) {
    if (entry.key().ends_with(".running_mean")) entry.value().copy_(hashed(entry.value().sizes(), stream++, 0.1));
    if (entry.key().ends_with(".running_var")) entry.value().copy_(hashed(entry.value().sizes(), stream++, 0.5, 1));
  }
}

/// Batch norms use the batch's statistics; nothing is dropped.
void train_without_chance(Net& net) {
  net.train();
  for (const auto& module : net.modules())
    if (module->as<DropoutImpl>() || module->as<StochasticDepthImpl>()) module->eval();
}

torch::Tensor matrix_of(const Json& rows) {
  std::vector<double> values;
  for (const auto& row : rows)
    for (const auto& value : row) values.push_back(value.get<double>());
  return torch::tensor(values, torch::kFloat64).view({static_cast<std::int64_t>(rows.size()), -1});
}

/// The dot product with numbers of a formula.
double projection(const torch::Tensor& gradient) {
  const auto in_order = gradient.contiguous();
  const auto* elements = in_order.data_ptr<double>();
  double sum = 0;
  for (std::int64_t i = 0; i < in_order.numel(); ++i)
    sum += elements[i] * hashed_uniform(static_cast<std::uint32_t>(i), kProjectionStream);
  return sum;
}

class TorchvisionTest : public testing::TestWithParam<const char*> {
 protected:
  TorchvisionTest() {
    net_ = make_model({GetParam(), /*classes=*/10, side_, side_});
    set_golden_weights(*net_);
  }

  Json golden_ = golden_of(GetParam());
  std::int64_t side_ = golden_["side"].get<std::int64_t>();
  std::shared_ptr<Net> net_;
};

}  // namespace

TEST_P(TorchvisionTest, NamesAndLogitsAreTorchvisions) {
  std::vector<std::string> names;
  for (const auto& [name, told] : golden_["gradients"].items()) names.push_back(name);
  EXPECT_EQ(net_->named_parameters().keys(), names);

  net_->eval();
  const torch::NoGradGuard no_grad;
  const auto logits = net_->classify(hashed_inputs(side_)).to(torch::kFloat64);
  const auto expected = matrix_of(golden_["logits"]);
  ASSERT_EQ(logits.sizes(), expected.sizes());
  EXPECT_LE((logits - expected).abs().max().item<double>(), kFloatTolerance * expected.abs().max().item<double>());
}

// In float64: in float32 a few ReLUs would switch by rounding alone, which makes percents in some nets' gradients.
TEST_P(TorchvisionTest, LossAndGradientsAreTorchvisions) {
  net_->to(torch::kFloat64);
  train_without_chance(*net_);
  const auto logits = net_->classify(hashed_inputs(side_).to(torch::kFloat64));
  const auto loss = torch::cross_entropy_loss(logits, torch::arange(kCount));
  loss.backward();
  const double expected_loss = golden_["loss"].get<double>();
  EXPECT_NEAR(loss.item<double>(), expected_loss, kDoubleTolerance * expected_loss);

  double largest = 0;
  for (const auto& told : golden_["gradients"]) largest = std::max(largest, told[0].get<double>());
  for (const auto& entry : net_->named_parameters()) {
    const auto told = golden_["gradients"].at(entry.key()).get<std::array<double, 2>>();
    const auto& gradient = entry.value().grad();
    const double tolerance = kDoubleTolerance * told[0] + kNoise * largest;
    EXPECT_NEAR(gradient.norm().item<double>(), told[0], tolerance) << entry.key();
    EXPECT_NEAR(projection(gradient), told[1], tolerance) << entry.key();
  }
}

INSTANTIATE_TEST_SUITE_P(Nets, TorchvisionTest,
                         testing::Values("resnet18", "resnet50", "vgg16", "vgg19", "inception_v3", "efficientnet_b2"));

TEST(ResNet, HasTheSizesOfTheDescription) {
  EXPECT_EQ(parameter_count(*make_model({"resnet18", 1000, 224, 224})), 11'689'512);
  EXPECT_EQ(parameter_count(*make_model({"resnet50", 1000, 224, 224})), 25'557'032);
}

TEST(ResNetAndVgg, TakeAnotherHead) {
  for (const std::string name : {"resnet18", "vgg16"}) {
    SCOPED_TRACE(name);
    const auto net = make_model({.name = name, .classes = 5, .head = "conv:16,relu,dense:8,norm"});
    EXPECT_EQ(net->forward(torch::rand({2, 1, 48, 48})).sizes(), (std::vector<std::int64_t>{2, 5}));
    EXPECT_EQ(net->head_names(), std::vector<std::string>{"head"});
    EXPECT_FALSE(net->named_children().contains("fc") || net->named_children().contains("classifier"));
  }
}

TEST(Vgg, RefusesSmallInputs) {
  expect_error(ExitCode::kUsage, {"vgg16", "32x32", "48x31"}, [] { make_model({"vgg16", 7, 48, 31}); });
  expect_error(ExitCode::kUsage, {"vgg19", "24x24"}, [] { make_model({"vgg19", 7, 48, 48, /*input_size=*/24}); });
}

}  // namespace fer
