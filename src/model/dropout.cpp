#include "model/dropout.h"

#include <torch/torch.h>

namespace fer {

std::optional<DropoutMask> DropoutImpl::mask() const {
  if (!is_training() || rate_ == 0) return {};
  return DropoutMask::with_rate(rate_, place_.seed, layer_, static_cast<std::uint32_t>(place_.step))
      .from(static_cast<std::size_t>(place_.first_row));
}

torch::Tensor DropoutImpl::forward(const torch::Tensor& input) {
  const auto dropped = mask();
  if (!dropped || input.numel() == 0) return input;
  if (input.is_cuda()) return torch::dropout(input, rate_, /*train=*/true);
  // In the order of the channels-last layout, which is the order that a fused layer counts in.
  const auto format = input.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  auto factors =
      torch::ones(input.sizes(), input.options().dtype(torch::kFloat32).requires_grad(false)).contiguous(format);
  const auto rows = static_cast<std::size_t>(input.size(0));
  drop(*dropped, rows, static_cast<std::size_t>(input.numel()) / rows, factors.data_ptr<float>());
  return input * factors.to(input.scalar_type());
}

void DropoutImpl::place(const DropoutPlace& place, std::uint32_t layer) {
  place_ = place;
  layer_ = layer;
}

void place_dropout(torch::nn::Module& net, const DropoutPlace& place) {
  std::uint32_t layer = 0;
  for (const auto& module : net.modules(/*include_self=*/false))
    if (auto* dropout = module->as<DropoutImpl>()) dropout->place(place, layer++);
}

}  // namespace fer
