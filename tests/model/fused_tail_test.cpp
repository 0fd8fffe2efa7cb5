#include "model/fused_tail.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace fer {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

struct Case {
  std::vector<std::int64_t> shape;
  bool rectified, pooled;
  double dropout_rate;
};

struct Outcome {
  Tensor output, input_gradient, weight_gradient, bias_gradient, running_mean, running_var;
};

/// The CPU, which runs the kernels' arithmetic value by value, and a GPU, which runs the kernels.
std::vector<torch::Device> devices() {
  std::vector<torch::Device> found = {torch::kCPU};
  if (torch::cuda::is_available()) found.emplace_back(torch::kCUDA);
  return found;
}

ChainStage stage_of(const Case& c, const torch::TensorOptions& options) {
  ChainStage stage;
  stage.norm = std::make_shared<BatchNormImpl>(c.shape[1]);
  torch::manual_seed(2);
  {
    const torch::NoGradGuard no_grad;
    stage.norm->weight.normal_();  // negative ones, too
    stage.norm->bias.normal_();
  }
  stage.norm->to(options.device(), options.dtype().toScalarType());
  stage.rectified = c.rectified;
  stage.pool = c.pooled ? Pool::kAfterNorm : Pool::kNone;
  if (c.dropout_rate > 0) {
    stage.dropout = std::make_shared<DropoutImpl>(c.dropout_rate);
    stage.dropout->place({7, 5, 3}, 1);
  }
  return stage;
}

Tensor layer_by_layer(const ChainStage& stage, const Tensor& input) {
  auto maps = stage.norm->forward(input);
  if (stage.rectified) maps = torch::relu(maps);
  if (stage.pool == Pool::kAfterNorm) maps = torch::max_pool2d(maps, 2);
  return stage.dropout ? stage.dropout->forward(maps) : maps;
}

template <class Run>
Outcome outcome_of(const Case& c, const torch::TensorOptions& norm, const Tensor& values, const Run& run) {
  const auto stage = stage_of(c, norm);
  auto input = values.detach().to(norm.device()).clone().set_requires_grad(true);
  const auto output = run(stage, input);
  torch::manual_seed(3);
  output.backward(torch::randn(output.sizes(), torch::kFloat64).to(output.options()));
  return {output.detach(),          input.grad(),           stage.norm->weight.grad(), stage.norm->bias.grad(),
          stage.norm->running_mean, stage.norm->running_var};
}

double difference(const Tensor& found, const Tensor& expected) {
  const auto exact = expected.to(torch::kFloat64);
  return ((found.cpu().to(torch::kFloat64) - exact).norm() / exact.norm().clamp_min(1e-30)).item<double>();
}

void expect_close(const Outcome& found, const Outcome& expected, double tolerance, double gradient_tolerance) {
  EXPECT_LT(difference(found.output, expected.output), tolerance);
  EXPECT_LT(difference(found.input_gradient, expected.input_gradient), gradient_tolerance);
  EXPECT_LT(difference(found.weight_gradient, expected.weight_gradient), gradient_tolerance);
  EXPECT_LT(difference(found.bias_gradient, expected.bias_gradient), gradient_tolerance);
  EXPECT_LT(difference(found.running_mean, expected.running_mean), 1e-5);
  EXPECT_LT(difference(found.running_var, expected.running_var), 1e-5);
}

const Case kCases[] = {
    {{4, 32, 12, 12}, true, true, 0.25}, {{4, 32, 12, 12}, true, false, 0.1}, {{3, 5, 7, 9}, true, true, 0},
    {{1, 48, 5, 4}, false, true, 0},     {{16, 3, 1, 1}, true, false, 0},     {{6, 7, 11, 3}, false, false, 0},
    {{64, 20}, true, false, 0.5},        {{9, 130}, false, false, 0},
};

}  // namespace

// Against torch's own operations in double precision, which draw the same dropout.
TEST(FusedTail, IsTheLayersOneByOne) {
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.shape);
    torch::manual_seed(1);
    const auto values = torch::randn(c.shape) * 2 + 1;
    const auto expected = outcome_of(c, torch::kFloat64, values.to(torch::kFloat64), layer_by_layer);
    for (const auto& device : devices())
      expect_close(outcome_of(c, torch::dtype(torch::kFloat32).device(device), values, fused_tail), expected, 1e-5,
                   1e-5);
  }
}

// Maps in 16 bits, of which eight are mantissa; what is compared starts from the rounded ones.
TEST(FusedTail, TakesMapsOfSixteenBits) {
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.shape);
    torch::manual_seed(1);
    const auto values = (torch::randn(c.shape) * 2 + 1).to(torch::kBFloat16);
    const auto expected = outcome_of(c, torch::kFloat64, values.to(torch::kFloat64), layer_by_layer);
    for (const auto& device : devices())
      expect_close(outcome_of(c, torch::dtype(torch::kFloat32).device(device), values, fused_tail), expected, 2e-2,
                   2e-2);
  }
}

TEST(FusedTail, LetsThroughWhatIsNoNumber) {
  const Case c{{2, 3, 4, 4}, true, true, 0};
  auto values = torch::randn(c.shape);
  values[1][2][3][1] = NAN;
  const torch::NoGradGuard no_grad;
  const auto output = fused_tail(stage_of(c, torch::kFloat32), values);
  EXPECT_TRUE(output.isnan().any().item<bool>());
  EXPECT_FALSE(output.select(1, 0).isnan().any().item<bool>());  // of another channel
}

// Dropout by itself, on a GPU as on the CPU.
TEST(FusedTail, DropoutDropsTheSameEverywhere) {
  Dropout dropout(0.3);
  dropout->place({7, 5, 3}, 2);
  const auto maps = torch::randn({3, 5, 6, 7});
  const auto expected = dropout->forward(maps);
  for (const auto& device : devices())
    EXPECT_TRUE(torch::equal(dropout->forward(maps.to(device)).cpu(), expected)) << device;
}

// What a GPU runs instead of a chain.
TEST(FusedTail, RunsAChainStageByStage) {
  torch::manual_seed(1);
  ChainStage first, second, last;
  first.convolution = nn::Conv2d(nn::Conv2dOptions(1, 16, 3).padding(1)).ptr();
  first.norm = std::make_shared<BatchNormImpl>(16);
  first.rectified = true;
  first.pool = Pool::kAfterNorm;
  second.convolution = nn::Conv2d(nn::Conv2dOptions(16, 32, 3).padding(1)).ptr();
  second.pool = Pool::kBeforeNorm;
  second.norm = std::make_shared<BatchNormImpl>(32);
  second.rectified = true;
  last.convolution = nn::Conv2d(nn::Conv2dOptions(32, 16, 3).padding(1)).ptr();
  last.rectified = true;
  last.pool = Pool::kAfterNorm;
  const Chain chain = {first, second, last};
  const auto images = torch::rand({3, 1, 16, 16});
  ASSERT_TRUE(can_run_tails(chain, images));
  const auto found = run_tails(chain, images);
  auto expected = torch::relu(torch::max_pool2d(first.norm->forward(first.convolution->forward(images)), 2));
  expected = torch::relu(second.norm->forward(torch::max_pool2d(second.convolution->forward(expected), 2)));
  expected = torch::max_pool2d(torch::relu(last.convolution->forward(expected)), 2);
  EXPECT_LT(difference(found, expected), 1e-5);
  first.norm->eval();
  EXPECT_FALSE(can_run_tails(chain, images));
}

}  // namespace fer
