#pragma once

#include <torch/nn/module.h>

namespace fer {

/// Lays the convolution weights of `net` out channels-last, from which ATen takes the layout of the activations: on
/// CPUs and tensor cores the faster one. Names and shapes stay. Call before an optimizer takes the parameters.
void use_channels_last(torch::nn::Module& net);

}  // namespace fer
