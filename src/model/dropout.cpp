#include "model/dropout.h"

#include <torch/torch.h>

#include "kernels/tail.h"

#ifdef FER_WITH_CUDA
#include <c10/cuda/CUDAStream.h>
#endif

namespace fer {

std::optional<DropoutMask> DropoutImpl::mask() const {
  if (!is_training() || rate_ == 0) return {};
  return DropoutMask::with_rate(rate_, place_.seed, layer_, static_cast<std::uint32_t>(place_.step))
      .from(static_cast<std::size_t>(place_.first_row));
}

torch::Tensor DropoutImpl::forward(const torch::Tensor& input) {
  const auto dropped = mask();
  if (!dropped || input.numel() == 0) return input;
  // In the order of the channels-last layout, which is the order that a fused layer counts in.
  const auto format = input.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  auto factors =
      torch::ones(input.sizes(), input.options().dtype(torch::kFloat32).requires_grad(false)).contiguous(format);
  const auto rows = static_cast<std::size_t>(input.size(0));
  const auto size = static_cast<std::size_t>(input.numel()) / rows;
#ifdef FER_WITH_CUDA
  if (input.is_cuda()) {
    const auto step = step_on(input.device());
    drop_cuda(*dropped, step.defined() ? static_cast<const std::uint32_t*>(step.const_data_ptr()) : nullptr,
              static_cast<std::int64_t>(rows), static_cast<std::int64_t>(size), factors.const_data_ptr<float>(),
              factors.data_ptr<float>(), c10::cuda::getCurrentCUDAStream());
    return input * factors.to(input.scalar_type());
  }
#endif
  drop(*dropped, rows, size, factors.data_ptr<float>());
  return input * factors.to(input.scalar_type());
}

torch::Tensor DropoutImpl::step_on(const torch::Device& device) const {
  return device.is_cuda() ? place_.step_on_gpu : torch::Tensor();
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
