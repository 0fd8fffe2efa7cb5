#pragma once

#include <torch/nn/modules/conv.h>

#include <string>
#include <vector>

#include "model/batch_norm.h"

namespace fer {

/// A convolution without bias, batch norm with epsilon 0.001, ReLU. Tensors under "conv" and "bn".
class ConvUnitImpl final : public torch::nn::Module {
 public:
  explicit ConvUnitImpl(torch::nn::Conv2dOptions options);

  torch::Tensor forward(const torch::Tensor& input);

 private:
  torch::nn::Conv2d convolution_;
  BatchNorm norm_;
};
TORCH_MODULE(ConvUnit);

/// A convolution of a branch, by the name of its tensors. With stride 1 it keeps the maps' size, with 2 it has no
/// padding.
struct UnitSpec {
  std::string name;
  std::int64_t channels;  // of its output
  std::int64_t kernel_height;
  std::int64_t kernel_width;
  std::int64_t stride = 1;
};

/// Convolutions one after the other, then those of `fork`, if any, beside one another: all of the fork goes out.
struct BranchSpec {
  std::vector<UnitSpec> chain;
  std::vector<UnitSpec> fork = {};
};

/// Branches that read the same maps, and whose outputs go out as the channels of one tensor.
class InceptionBlockImpl final : public torch::nn::Module {
 public:
  /// @param pool_channels  of the last branch: an average over 3x3 places and a convolution "branch_pool". 0 for the
  ///                       maximum over 3x3 places with stride 2 and no convolution, where the branches halve the maps.
  InceptionBlockImpl(std::int64_t inputs, const std::vector<BranchSpec>& branches, std::int64_t pool_channels);

  /// @param input  [N, inputs, h, w]
  /// @return [N, outputs, h, w], or [N, outputs, (h - 1) / 2, (w - 1) / 2]
  torch::Tensor forward(const torch::Tensor& input);

 private:
  struct Branch {
    std::vector<ConvUnit> chain;
    std::vector<ConvUnit> fork;
  };

  ConvUnit add(const UnitSpec& spec, std::int64_t inputs);

  std::vector<Branch> branches_;
  ConvUnit pool_ = nullptr;
};
TORCH_MODULE(InceptionBlock);

// The five kinds of blocks, by torchvision's letters.

/// 1x1, 5x5 and twice 3x3: to 224 + pool_channels channels.
InceptionBlock inception_a(std::int64_t inputs, std::int64_t pool_channels);

/// 3x3 with stride 2: to inputs + 480 channels of half the size.
InceptionBlock inception_b(std::int64_t inputs);

/// 7x7 as 1x7 and 7x1, over `width` channels: to 768 channels.
InceptionBlock inception_c(std::int64_t inputs, std::int64_t width);

/// 3x3 with stride 2, once after 1x7 and 7x1: to inputs + 512 channels of half the size.
InceptionBlock inception_d(std::int64_t inputs);

/// 1x3 beside 3x1: to 2048 channels.
InceptionBlock inception_e(std::int64_t inputs);

}  // namespace fer
