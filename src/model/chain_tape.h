#pragma once

#include <torch/types.h>

#include <optional>
#include <vector>

#include "kernels/dropout.h"
#include "kernels/first_convolution.h"
#include "model/chain.h"

// What of a chain its forward pass leaves to its backward pass.

namespace fer {

/// A batch norm's view of one batch. [C] each, of double.
struct NormTape {
  torch::Tensor mean;
  torch::Tensor inverse_deviation;
  double count = 0;  // of values per channel, of all ranks if they share statistics
  Communicator* communicator = nullptr;
};

struct StageTape {
  torch::Tensor input;   // [N, C, H, W] channels-last, or gray pictures
  torch::Tensor weight;  // of the convolution or the dense layer
  torch::Tensor scale;   // of the norm, its weight
  torch::Tensor raw;     // what the norm was given: [N, C, H', W'] channels-last; of a first convolution undefined
  torch::Tensor kept;    // what the norm's output is made from: `raw`, or what the pool left of it
  torch::Tensor argmax;  // of the pool, uint8; undefined without one
  torch::Tensor output;  // [N, C, H'', W''] channels-last
  NormTape norm;
  torch::Tensor patch_sums;      // of a first convolution ahead of a norm: [taps] double
  torch::Tensor patch_products;  // [taps, taps] double
  std::optional<DropoutMask> dropout;
};

using ChainTape = std::vector<StageTape>;

/// Of the convolution or the dense layer; undefined where there is none.
torch::Tensor weight_of(const ChainStage& stage);
torch::Tensor bias_of(const ChainStage& stage);

bool is_first(const ChainStage& stage);
ConvolutionShape convolution_shape(const ChainStage& stage, const torch::Tensor& input);
FirstConvolutionShape first_shape(const ChainStage& stage, const torch::Tensor& input);

/// @param tape  filled, one entry per stage; null: nothing is to be remembered
torch::Tensor chain_forward(const Chain& chain, const torch::Tensor& input, MapStorage storage, ChainTape* tape);

/// Gradients of the parameters in the order of chain_parameters(), undefined where a stage has none.
struct ChainGradients {
  torch::Tensor input;  // undefined unless wanted
  std::vector<torch::Tensor> parameters;
};

/// @param storage  as the forward pass had it
ChainGradients chain_backward(const Chain& chain, const ChainTape& tape, MapStorage storage,
                              const torch::Tensor& gradient, bool wants_input);

/// Of each stage: the weight and bias of its convolution or dense layer, the norm's weight and bias. Undefined where
/// there is none.
std::vector<torch::Tensor> chain_parameters(const Chain& chain);

}  // namespace fer
