#include "model/memory_format.h"

#include <torch/torch.h>

namespace fer {

void use_channels_last(torch::nn::Module& net) {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : net.parameters()) {
    if (parameter.dim() != 4) continue;
    // contiguous(ChannelsLast) would leave a weight of one input channel as it is, since its strides fit both layouts,
    // and the first convolution, with all that follows it, would silently run in the slow layout.
    auto laid_out = torch::empty(parameter.sizes(), parameter.options(), at::MemoryFormat::ChannelsLast);
    laid_out.copy_(parameter);
    parameter.set_data(laid_out);
  }
}

}  // namespace fer
