#include "model/stages.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "model/memory_format.h"
#include "model/model.h"
#include "model/relu.h"

namespace fer {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

/// Root mean square of the difference, as part of that of `expected`.
double difference(const Tensor& found, const Tensor& expected) {
  const auto exact = expected.to(torch::kFloat64);
  return ((found.to(torch::kFloat64) - exact).norm() / exact.norm().clamp_min(1e-30)).item<double>();
}

nn::Conv2d convolution(std::int64_t inputs, std::int64_t outputs, bool bias = true) {
  return nn::Conv2d(nn::Conv2dOptions(inputs, outputs, 3).padding(1).bias(bias));
}

/// What a pass forward and back leaves, with what the names of its tensors tell.
using Results = std::vector<std::pair<std::string, Tensor>>;

Results run(Stages stages, const Tensor& input, bool input_learns) {
  auto own_input = input.clone().set_requires_grad(input_learns);
  const auto output = stages->forward(own_input);
  torch::manual_seed(3);
  const auto gradient = torch::randn(output.sizes(), torch::kFloat64).to(output.scalar_type());
  output.backward(gradient);
  Results results = {{"output", output.detach()}};
  if (input_learns) results.emplace_back("gradient of the input", own_input.grad());
  for (const auto& item : stages->named_parameters())
    results.emplace_back("gradient of " + item.key(), item.value().grad());
  for (const auto& item : stages->named_buffers()) results.emplace_back(item.key(), item.value());
  return results;
}

/// Compares a chain in float32 with torch's own operations in double precision, layer by layer.
/// @param build  adds the layers
template <class Build>
void expect_like_plain(const Build& build, const Tensor& input, bool input_learns,
                       MapStorage storage = MapStorage::kFloat32) {
  // What Winograd's transforms lose, and what rounding of maps to 8 bits does; in gradients it turns rectifiers and
  // maxima over that were undecided, which does more.
  const bool halves = storage == MapStorage::kBfloat16;
  const double tolerance = halves ? 2e-2 : 5e-5, gradient_tolerance = halves ? 0.2 : tolerance;
  Stages stages, exact;
  build(stages);
  build(exact);
  exact->to(torch::kFloat64);
  const auto exact_parameters = exact->parameters();
  for (std::size_t i = 0; auto& parameter : stages->parameters()) {
    const torch::NoGradGuard no_grad;
    if (parameter.dim() == 1) parameter.copy_(torch::randn_like(parameter));  // negative weights of norms, too
    exact_parameters[i++].copy_(parameter);
  }
  stages->use_storage(storage);
  use_channels_last(*stages);
  place_dropout(*stages, {7, 5, 3});
  place_dropout(*exact, {7, 5, 3});
  const auto found = run(stages, input, input_learns);
  const auto expected = run(exact, input.to(torch::kFloat64), input_learns);
  for (std::size_t i = 0; i < found.size(); ++i) {
    SCOPED_TRACE(found[i].first);
    if (expected[i].second.to(torch::kFloat64).norm().item<double>() < 1e-8)  // a bias ahead of a norm
      EXPECT_LT(found[i].second.abs().max().item<double>(), 1e-3);
    else
      EXPECT_LT(difference(found[i].second, expected[i].second), i == 0 ? tolerance : gradient_tolerance);
  }
}

struct Size {
  std::int64_t pictures, height, width, inputs, outputs;
};

const Size kSizes[] = {{3, 24, 24, 32, 64}, {5, 12, 12, 64, 128}, {2, 11, 13, 48, 80}, {9, 6, 6, 16, 16},
                       {1, 7, 5, 80, 48},   {40, 3, 3, 32, 32},   {2, 44, 44, 16, 16}};

template <class Build>
void for_each_size(const Build& build,
                   const std::vector<MapStorage>& storages = {MapStorage::kFloat32, MapStorage::kBfloat16}) {
  for (const auto& size : kSizes) {
    SCOPED_TRACE(testing::Message() << size.pictures << " x " << size.height << " x " << size.width << ", "
                                    << size.inputs << " to " << size.outputs << " channels");
    // With this seed no rectifier and no maximum is undecided in float32: each that turns over is some thousandths of a
    // gradient.
    torch::manual_seed(4);
    const auto input = torch::randn({size.pictures, size.inputs, size.height, size.width});
    for (const auto storage : storages) {
      SCOPED_TRACE(storage == MapStorage::kFloat32 ? "float32" : "bfloat16");
      expect_like_plain([&](Stages& stages) { build(stages, size); }, input, /*input_learns=*/true, storage);
    }
  }
}

}  // namespace

TEST(Stages, ConvolutionNormReluPoolDropout) {
  for_each_size([](Stages& stages, const Size& size) {
    stages->push_back(convolution(size.inputs, size.outputs));
    stages->push_back(BatchNorm(size.outputs));
    stages->push_back(relu());
    stages->push_back(nn::MaxPool2d(2));
    stages->push_back(Dropout(0.25));
  });
}

TEST(Stages, ConvolutionNormRelu) {
  for_each_size([](Stages& stages, const Size& size) {
    stages->push_back(convolution(size.inputs, size.outputs, /*bias=*/false));
    stages->push_back(BatchNorm(size.outputs));
    stages->push_back(relu());
    stages->push_back(Dropout(0.1));
  });
}

TEST(Stages, PoolAheadOfNorm) {
  for_each_size([](Stages& stages, const Size& size) {
    stages->push_back(convolution(size.inputs, size.outputs, /*bias=*/false));
    stages->push_back(nn::MaxPool2d(2));
    stages->push_back(BatchNorm(size.outputs));
    stages->push_back(relu());
  });
}

TEST(Stages, ConvolutionReluWithAndWithoutPool) {
  for_each_size([](Stages& stages, const Size& size) {
    stages->push_back(convolution(size.inputs, size.outputs));
    stages->push_back(relu());
    stages->push_back(convolution(size.outputs, size.inputs));
    stages->push_back(relu());
    stages->push_back(nn::MaxPool2d(2));
  });
}

TEST(Stages, NormsWithoutConvolutionOrWithoutRelu) {
  for_each_size([](Stages& stages, const Size& size) {
    stages->push_back(BatchNorm(size.inputs));
    stages->push_back(relu());
    stages->push_back(convolution(size.inputs, size.outputs));
    stages->push_back(BatchNorm(size.outputs));
  });
}

// In float32 alone: the gradient of the bias is what is left of sums that cancel each other.
TEST(Stages, NormBehindRelu) {
  const auto build = [](Stages& stages, const Size& size) {
    stages->push_back(convolution(size.inputs, size.outputs));
    stages->push_back(relu());
    stages->push_back(BatchNorm(size.outputs));
    stages->push_back(relu());
  };
  for_each_size(build, {MapStorage::kFloat32});
}

TEST(Stages, DenseLayers) {
  const auto threads = at::get_num_threads();
  for (const int some : {1, 3})
    for (const std::int64_t rows : {5, 33, 64})
      for (const auto storage : {MapStorage::kFloat32, MapStorage::kBfloat16}) {
        SCOPED_TRACE(testing::Message() << rows << " rows, " << some << " threads");
        at::set_num_threads(some);
        torch::manual_seed(4);
        const auto build = [](Stages& stages) {
          stages->push_back(nn::Linear(200, 80));
          stages->push_back(BatchNorm(80));
          stages->push_back(relu());
          stages->push_back(Dropout(0.25));
          stages->push_back(nn::Linear(nn::LinearOptions(80, 48).bias(false)));
          stages->push_back(relu());
          stages->push_back(nn::Linear(48, 32));
          stages->push_back(BatchNorm(32));
          stages->push_back(nn::Linear(32, 7));
        };
        expect_like_plain(build, torch::randn({rows, 200}), /*input_learns=*/true, storage);
      }
  at::set_num_threads(threads);
}

// Where nothing is undecided.
TEST(Stages, Bfloat16RoundsAndNothingElse) {
  torch::manual_seed(8);
  Stages stages, exact;
  for (auto* each : {&stages, &exact}) (*each)->push_back(convolution(32, 48));
  for (auto* each : {&stages, &exact}) (*each)->push_back(BatchNorm(48));
  exact->to(torch::kFloat64);
  for (std::size_t i = 0; i < 2; ++i) exact->parameters()[i].detach().copy_(stages->parameters()[i]);
  stages->use_storage(MapStorage::kBfloat16);
  const auto input = torch::randn({4, 32, 14, 14});
  const auto found = run(stages, input, true), expected = run(exact, input.to(torch::kFloat64), true);
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i].first != "gradient of 0.bias") {
      EXPECT_LT(difference(found[i].second, expected[i].second), 2e-2);
    }
}

TEST(Stages, SeveralThreads) {
  const auto threads = at::get_num_threads();
  at::set_num_threads(3);
  const auto build = [](Stages& stages) {
    stages->push_back(convolution(1, 32));
    stages->push_back(BatchNorm(32));
    stages->push_back(relu());
    stages->push_back(nn::MaxPool2d(2));
    stages->push_back(convolution(32, 16));
    stages->push_back(BatchNorm(16));
    stages->push_back(relu());
    stages->push_back(Dropout(0.5));
  };
  for (const std::int64_t pictures : {1, 2, 7, 20}) expect_like_plain(build, torch::rand({pictures, 1, 20, 24}), false);
  at::set_num_threads(threads);
}

// What the layers would refuse is theirs to refuse.
TEST(Stages, WrongShapesAreTorchsErrors) {
  Stages stages;
  stages->push_back(convolution(16, 16));
  stages->push_back(relu());
  stages->push_back(nn::MaxPool2d(2));
  EXPECT_THROW(stages->forward(torch::rand({1, 32, 8, 8})), c10::Error);
  EXPECT_THROW(stages->forward(torch::rand({1, 16, 1, 8})), c10::Error);
}

TEST(Stages, ASecondBackwardPassNeedsARetainedGraph) {
  Stages stages;
  stages->push_back(convolution(16, 16));
  const auto sum = stages->forward(torch::rand({1, 16, 8, 8})).sum();
  sum.backward({}, /*retain_graph=*/true);
  sum.backward();
  EXPECT_THROW(sum.backward(), c10::Error);
}

TEST(Stages, WhatIsNoNumberStaysVisible) {
  const torch::NoGradGuard no_grad;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (std::int64_t at = 0; at < 4; ++at) {
      auto input = torch::rand({1, 16, 8, 8});
      input[0][3][2 + at / 2][2 + at % 2] = bad;
      Stages stages;
      stages->push_back(convolution(16, 16));
      stages->push_back(relu());
      stages->push_back(nn::MaxPool2d(2));
      EXPECT_FALSE(stages->forward(input).isfinite().all().item<bool>());
    }
  }
}

TEST(Stages, SeveralStagesInOneChain) {
  for_each_size([](Stages& stages, const Size& size) {
    if (size.height < 6) return stages->push_back(convolution(size.inputs, size.outputs));
    stages->push_back(convolution(size.inputs, size.outputs));
    stages->push_back(BatchNorm(size.outputs));
    stages->push_back(relu());
    stages->push_back(nn::MaxPool2d(2));
    stages->push_back(Dropout(0.25));
    stages->push_back(convolution(size.outputs, size.inputs, /*bias=*/false));
    stages->push_back(BatchNorm(size.inputs));
    stages->push_back(relu());
    stages->push_back(convolution(size.inputs, size.inputs));
    stages->push_back(relu());
  });
}

TEST(Stages, FirstConvolutions) {
  for (const bool pools : {false, true})
    for (const bool normalises : {false, true})
      for (const auto& [height, width] : {std::pair{48, 48}, {13, 22}, {9, 50}}) {
        SCOPED_TRACE(testing::Message() << height << "x" << width << (pools ? ", pool" : "")
                                        << (normalises ? ", norm" : ""));
        torch::manual_seed(2);
        const auto build = [&](Stages& stages) {
          stages->push_back(convolution(1, 48));
          if (normalises) stages->push_back(BatchNorm(48));
          stages->push_back(relu());
          if (pools) stages->push_back(nn::MaxPool2d(2));
          if (normalises) stages->push_back(Dropout(0.125));
        };
        expect_like_plain(build, torch::rand({5, 1, height, width}), /*input_learns=*/false);
      }
  const auto strided = [](Stages& stages) {
    stages->push_back(nn::Conv2d(nn::Conv2dOptions(1, 32, 4).stride(2).padding(1).bias(false)));
    stages->push_back(relu());
  };
  expect_like_plain(strided, torch::rand({3, 1, 48, 45}), /*input_learns=*/false);
}

TEST(Stages, GivesItsMemoryBack) {
  Stages stages;
  stages->push_back(convolution(16, 16));
  stages->push_back(relu());
  c10::weak_intrusive_ptr<c10::StorageImpl> maps(c10::intrusive_ptr<c10::StorageImpl>{});
  {
    const auto output = stages->forward(torch::rand({2, 16, 8, 8}));
    maps = output.storage().getWeakStorageImpl();
    output.sum().backward();
    EXPECT_FALSE(maps.expired());
  }
  EXPECT_TRUE(maps.expired());
}

TEST(Stages, EvaluationAgreesNetByNet) {
  const torch::NoGradGuard no_grad;
  for (const auto* name : {"cnn2", "cnn3-mlp", "cnn4", "cnn7", "cnn9", "cnn-bayes", "fast-m", "fast-s", "mlp", "strong",
                           "fer-resnet18", "fer-vgg19"}) {
    SCOPED_TRACE(name);
    torch::manual_seed(4);
    const auto net = make_model({name, 7, 48, 48});
    const auto pictures = torch::rand({6, 1, 48, 48});
    for (auto& parameter : net->parameters())
      if (parameter.dim() == 1) parameter.copy_(torch::randn_like(parameter));  // negative weights of norms, too
    net->forward(pictures);  // gives the running statistics something to tell
    net->eval();
    const auto found = net->forward(pictures);
    run_plain(*net, true);
    EXPECT_LT(difference(found, net->forward(pictures)), 1e-4);
  }
}

// The same net, pictures and masks, in chains and layer by layer, both against double precision. Where a maximum or a
// rectifier is undecided within rounding it falls out either way, and in a deep net that makes percents of a gradient:
// chains may be as far off as torch's own float32 twice over, or two percent.
TEST(Stages, TrainingAgreesNetByNet) {
  for (const auto* name : {"cnn2", "cnn3-mlp", "cnn4", "cnn7", "cnn9", "cnn-bayes", "fast-s", "fer-resnet18"}) {
    SCOPED_TRACE(name);
    const auto pictures = torch::rand({8, 1, 48, 48});
    const auto labels = torch::randint(7, {8});
    struct Learnt {
      double loss;
      std::vector<Tensor> gradients;
    };
    const auto learn = [&](torch::ScalarType type, bool plain) {
      torch::manual_seed(5);
      const auto net = make_model({name, 7, 48, 48});
      net->to(type);
      use_channels_last(*net);
      place_dropout(*net, {1, 2, 3});
      run_plain(*net, plain);
      torch::manual_seed(6);
      const auto loss = torch::cross_entropy_loss(net->forward(pictures.to(type)), labels);
      loss.backward();
      Learnt learnt{loss.item<double>(), {}};
      for (const auto& parameter : net->parameters()) learnt.gradients.push_back(parameter.grad().to(torch::kFloat64));
      return learnt;
    };
    const auto exact = learn(torch::kFloat64, true);
    const auto off = [&](const Learnt& learnt) {
      double squares = 0, differences = 0;
      for (std::size_t i = 0; i < exact.gradients.size(); ++i) {
        squares += exact.gradients[i].square().sum().item<double>();
        differences += (learnt.gradients[i] - exact.gradients[i]).square().sum().item<double>();
      }
      return std::sqrt(differences / squares);
    };
    const auto fast = learn(torch::kFloat32, false), plain = learn(torch::kFloat32, true);
    EXPECT_NEAR(fast.loss, exact.loss, 2e-4);
    EXPECT_LT(off(fast), 2 * off(plain) + 2e-2);
  }
}

}  // namespace fer
