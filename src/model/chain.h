#pragma once

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <memory>
#include <vector>

#include "kernels/convolution.h"
#include "model/batch_norm.h"
#include "model/dropout.h"

namespace fer {

/// What a chain does between two of its maps: convolution or dense layer, batch norm, ReLU, pool 2x2 and dropout, in
/// this order but for a pool ahead of the norm. Each of them may be missing; without a convolution and a dense layer,
/// which only a chain's first stage may be, there is a norm. Without a convolution there is no pool, and dropout stands
/// only behind a norm and a ReLU.
struct ChainStage {
  std::shared_ptr<torch::nn::Conv2dImpl> convolution;
  std::shared_ptr<torch::nn::LinearImpl> dense;
  std::shared_ptr<BatchNormImpl> norm;
  bool rectified = false;
  Pool pool = Pool::kNone;
  std::shared_ptr<DropoutImpl> dropout;
};

/// How the maps between stages are kept. Arithmetic, statistics and parameters are float32 in any case.
enum class MapStorage { kFloat32, kBfloat16 };

/// Stages that run one after the other as one operation of autograd, on the CPU in float32, with the kernels of
/// kernels/convolution.h and kernels/matrix_product.h. Vectors of a dense layer are maps of one pixel.
using Chain = std::vector<ChainStage>;

/// Whether this processor has what the kernels are fast with.
bool has_chain_kernels();

/// Whether the kernels know this convolution: 3x3 of stride 1 between blocks of channels.
bool is_chain_convolution(const torch::nn::Conv2dImpl& convolution);

/// Whether the kernels know it as a net's first, from gray pictures.
/// @param normalised  whether a batch norm follows at once
bool is_first_convolution(const torch::nn::Conv2dImpl& convolution, bool normalised);

/// Whether a chain can run now: by the processor, by the input's type and by what of it learns.
bool can_run(const Chain& chain, const torch::Tensor& input);

/// Collective where its batch norms are, and so is its backward pass.
/// @param input  [N, C, H, W] or, of dense layers, [N, C] float32, N > 0
/// @return [N, C', H', W'] or [N, C'] float32
torch::Tensor run_chain(const Chain& chain, const torch::Tensor& input, MapStorage storage);

}  // namespace fer
