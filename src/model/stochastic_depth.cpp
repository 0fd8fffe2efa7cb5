#include "model/stochastic_depth.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"

namespace fer {

StochasticDepthImpl::StochasticDepthImpl(double rate)
    : rate_(rate), samples_(register_module("samples", Dropout(rate))) {
  require(rate >= 0 && rate < 1, fmt::format("a stochastic depth of {} is not in [0, 1)", rate));
}

torch::Tensor StochasticDepthImpl::forward(const torch::Tensor& branch) {
  if (!is_training() || rate_ == 0) return branch;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(branch.dim()), 1);
  shape[0] = branch.size(0);
  return branch * samples_->forward(torch::ones(shape, branch.options().requires_grad(false)));
}

}  // namespace fer
