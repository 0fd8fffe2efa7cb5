#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>

#include "model/fast_net.h"
#include "model/model.h"
#include "model/stochastic_depth.h"
#include "support/expect_error.h"

namespace fer {
namespace {

constexpr std::int64_t kClasses = 7;

struct NetCase {
  std::string name;
  std::int64_t side;        // of the pictures the net was made for
  std::int64_t parameters;  // at that side
  std::int64_t least;       // side that the net takes
};

/// The net for square pictures of a side. One that resizes pictures is told to bring them to it.
ModelConfig config_of(const std::string& name, std::int64_t side) {
  if (name == "s4-cnn") return {name, kClasses, 48, 48, side};
  return {name, kClasses, side, side};
}

std::vector<std::int64_t> logits_shape(const ModelConfig& config, std::int64_t samples) {
  const torch::NoGradGuard no_grad;
  const auto net = make_model(config);
  net->eval();
  return net->forward(torch::rand({samples, 1, config.height, config.width})).sizes().vec();
}

std::string name_of_case(const testing::TestParamInfo<NetCase>& info) {
  auto name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class Nets : public testing::TestWithParam<NetCase> {};

}  // namespace

TEST_P(Nets, HaveTheSizeOfTheirDescription) {
  const auto& [name, side, parameters, least] = GetParam();
  EXPECT_EQ(parameter_count(*make_model({name, kClasses, side, side})), parameters);
}

TEST_P(Nets, GiveLogitsForBatchesOfTwoAndOfNone) {
  const auto& [name, side, parameters, least] = GetParam();
  EXPECT_EQ(logits_shape({name, kClasses, side, side}, 2), (std::vector<std::int64_t>{2, kClasses}));
  EXPECT_EQ(logits_shape({name, kClasses, side, side}, 0), (std::vector<std::int64_t>{0, kClasses}));
}

TEST_P(Nets, TakeOtherSizesOfPictures) {
  const auto& [name, side, parameters, least] = GetParam();
  EXPECT_EQ(logits_shape({name, 3, side + 17, side + 1}, 2), (std::vector<std::int64_t>{2, 3}));
}

TEST_P(Nets, TakePicturesDownToTheLeastSize) {
  const auto& [name, side, parameters, least] = GetParam();
  EXPECT_EQ(logits_shape(config_of(name, least), 2), (std::vector<std::int64_t>{2, kClasses}));
  const auto too_small = config_of(name, least - 1);
  expect_error(ExitCode::kUsage, {name, fmt::format("{}x{}", least, least)}, [&] { make_model(too_small); });
}

TEST_P(Nets, GiveEveryParameterAGradient) {
  const auto& [name, side, parameters, least] = GetParam();
  torch::manual_seed(1);
  const auto net = make_model({name, kClasses, side, side});
  net->forward(torch::rand({2, 1, side, side})).sum().backward();
  for (const auto& parameter : net->named_parameters())
    EXPECT_TRUE(parameter.value().grad().defined()) << parameter.key();
}

TEST_P(Nets, NameTheLayerThatHasTheClasses) {
  const auto& [name, side, parameters, least] = GetParam();
  const auto net = make_model({name, kClasses, side, side});
  const auto tensors = net->named_parameters();
  const auto* weight = tensors.find(net->head_names().front() + ".weight");
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(weight->size(0), kClasses);
}

INSTANTIATE_TEST_SUITE_P(All, Nets,
                         testing::Values(NetCase{"cnn9", 48, 779'783, 8}, NetCase{"cnn2", 48, 732'071, 14},
                                         NetCase{"mlp", 48, 303'751, 1}, NetCase{"cnn4", 48, 1'927'175, 16},
                                         NetCase{"cnn7", 48, 1'386'439, 16}, NetCase{"cnn-bayes", 48, 2'902'365, 16},
                                         NetCase{"s4-cnn", 48, 1'404'945, 21}, NetCase{"fast-s", 48, 659'840, 16},
                                         NetCase{"fast-m", 48, 1'813'632, 16}, NetCase{"strong", 48, 16'021'095, 8},
                                         NetCase{"fer-vgg19", 44, 20'032'327, 32},
                                         NetCase{"fer-resnet18", 44, 11'171'271, 8}),
                         name_of_case);

TEST(StagedCnn, StagesDropoutAndHeadCanBeChosen) {
  const auto net = make_model({"cnn7", 3, 24, 24, 0, "dense:10,relu", "8x1,16x2", 0});
  // 1 to 8, 8 to 16 and 16 to 16 channels by 3x3 with bias and batch norm; 16 maps of 6x6 to 10 and 3.
  EXPECT_EQ(parameter_count(*net), (8 * 9 + 3 * 8) + (16 * 8 * 9 + 3 * 16) + (16 * 16 * 9 + 3 * 16) + 5770 + 33);
  EXPECT_EQ(net->head_names(), std::vector<std::string>{"classifier.2"});
  expect_error(ExitCode::kUsage, {"64y2", "WIDTHxCONVOLUTIONS"}, [] {
    make_model({"cnn7", 3, 48, 48, 0, "", "32x1,64y2"});
  });
  expect_error(ExitCode::kUsage, {"conv:3"}, [] { make_model({"cnn7", 3, 48, 48, 0, "conv:3"}); });
}

TEST(Nets, RefuseChoicesThatTheyDoNotKnow) {
  expect_error(ExitCode::kUsage, {"cnn9", "--head"}, [] { make_model({"cnn9", 7, 48, 48, 0, "dense:3"}); });
  expect_error(ExitCode::kUsage, {"cnn9", "--input-size"}, [] { make_model({"cnn9", 7, 48, 48, 96}); });
  expect_error(ExitCode::kUsage, {"resnet18", "--stages"}, [] { make_model({"resnet18", 7, 48, 48, 0, "", "8x1"}); });
  expect_error(ExitCode::kUsage, {"mlp", "--dropout"}, [] { make_model({"mlp", 7, 48, 48, 0, "", "", 0.1}); });
}

TEST(JointNet, AveragesTheSoftmaxOutputsOfItsBranches) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  const auto net = make_model({"s3-joint", kClasses, 48, 48, 32});
  net->eval();
  const auto pictures = torch::rand({2, 1, 48, 48});
  auto mean = torch::zeros({2, kClasses});
  for (const auto& branch : net->children()) mean += branch->as<Net>()->forward(pictures).softmax(1) / 3;
  EXPECT_TRUE(torch::allclose(net->forward(pictures).softmax(1), mean, 1e-5, 1e-7));
  EXPECT_EQ(net->head_names(), (std::vector<std::string>{"resnet50.head", "cnn-bayes.classifier.4", "vgg16.head"}));
}

TEST(FastNet, ConvolutionsStartByPassingTheirInputsOn) {
  const FastNet net({"fast-s", kClasses, 48, 48}, FastNet::kSmall);
  for (const auto& weight : net.parameters()) {
    if (weight.dim() != 4 || weight.size(2) != 3) continue;
    const auto outputs = weight.size(0), inputs = weight.size(1);
    const auto passing = weight.slice(0, 0, inputs);
    EXPECT_TRUE(torch::equal(passing.select(3, 1).select(2, 1), torch::eye(inputs)));
    EXPECT_EQ(passing.abs().sum().item<double>(), static_cast<double>(inputs));
    EXPECT_TRUE(outputs == inputs || weight.slice(0, inputs).flatten(1).any(1).all().item<bool>());
  }
}

TEST(FastNet, FirstFiltersDoNotAnswerToBrightness) {
  const FastNet net({"fast-s", kClasses, 48, 48}, FastNet::kSmall);
  const auto stem = net.named_parameters()["features.0.weight"];
  EXPECT_LT(stem.sum({1, 2, 3}).abs().max().item<double>(), 1e-5);  // rounding of sixteen weights of at most 0.5
}

TEST(StochasticDepth, KeepsOrDropsWholeSamples) {
  torch::manual_seed(1);
  StochasticDepth depth(0.25);
  const auto samples = depth->forward(torch::ones({1000, 2, 3})).flatten(1);
  EXPECT_TRUE(torch::equal(samples.amin(1), samples.amax(1)));
  const auto kept = samples.select(1, 0) > 0;
  // Five standard deviations of a share of 0.75 among 1000.
  EXPECT_NEAR(kept.to(torch::kFloat64).mean().item<double>(), 0.75, 0.07);
  EXPECT_TRUE(torch::allclose(samples.index({kept}), torch::tensor(4.0F / 3)));
}

TEST(StochasticDepth, LeavesEvaluationAlone) {
  StochasticDepth depth(0.25);
  depth->eval();
  const auto branch = torch::rand({100, 2});
  EXPECT_TRUE(torch::equal(depth->forward(branch), branch));
}

}  // namespace fer
