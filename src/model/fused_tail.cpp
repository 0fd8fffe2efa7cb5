#include "model/fused_tail.h"

#include <torch/torch.h>

#include <algorithm>

#include "kernels/tail.h"

#ifdef FER_WITH_CUDA
#include <c10/cuda/CUDAStream.h>
#endif

namespace fer {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What the node of the graph keeps of a stage.
struct TailPlan : torch::CustomClassHolder {
  std::shared_ptr<BatchNormImpl> norm;
  bool rectified = false;
  bool pooled = false;
  std::optional<DropoutMask> mask;
  Tensor step;  // of the mask, on the device; undefined: the mask's own
};

/// Rows of `vectors`, [4, C] float32.
enum Vector { kMean, kInverseDeviation, kScale, kShift };

Tensor channels_last(const Tensor& maps) {
  return maps.dim() == 4 ? maps.contiguous(at::MemoryFormat::ChannelsLast) : maps.contiguous();
}

template <class T>
T* pointer(const Tensor& tensor) {
  return static_cast<T*>(tensor.mutable_data_ptr());
}

template <class T>
Tail<T> tail_of(const TailPlan& plan, const Tensor& raw, const Tensor& vectors) {
  const bool flat = raw.dim() == 2;
  return {raw.size(0),
          flat ? 1 : raw.size(2),
          flat ? 1 : raw.size(3),
          raw.size(1),
          pointer<const T>(raw),
          vectors[kScale].const_data_ptr<float>(),
          vectors[kShift].const_data_ptr<float>(),
          plan.rectified,
          plan.pooled,
          plan.mask.has_value(),
          plan.mask.value_or(DropoutMask{}),
          plan.step.defined() ? pointer<const std::uint32_t>(plan.step) : nullptr};
}

template <class T>
TailGradient<T> gradient_of(const Tensor& gradient, const Tensor& argmax, const Tensor& vectors) {
  return {pointer<const T>(gradient), argmax.defined() ? argmax.const_data_ptr<std::uint8_t>() : nullptr,
          vectors[kMean].const_data_ptr<float>(), vectors[kInverseDeviation].const_data_ptr<float>()};
}

NormVectors norm_vectors(const BatchNormImpl& norm, const Tensor& vectors) {
  return {norm.weight.const_data_ptr<float>(), norm.bias.const_data_ptr<float>(),
          norm.running_mean.data_ptr<float>(), norm.running_var.data_ptr<float>(),
          static_cast<float>(norm.epsilon()),  static_cast<float>(BatchNormImpl::kMomentum),
          vectors[kMean].data_ptr<float>(),    vectors[kInverseDeviation].data_ptr<float>(),
          vectors[kScale].data_ptr<float>(),   vectors[kShift].data_ptr<float>()};
}

#ifdef FER_WITH_CUDA
Tensor scratch_for(const Tensor& maps) {
  return torch::empty({tail_scratch_size(maps.numel() / maps.size(1), maps.size(1))},
                      maps.options().dtype(torch::kFloat32));
}
#endif

template <class T>
void add_moments(const Tail<T>& tail, [[maybe_unused]] const Tensor& raw, Tensor& sums) {
#ifdef FER_WITH_CUDA
  if (raw.is_cuda())
    return tail_moments_cuda(tail, sums.data_ptr<double>(), scratch_for(raw).data_ptr<float>(),
                             c10::cuda::getCurrentCUDAStream());
#endif
  tail_moments(tail, sums.data_ptr<double>());
}

void finish(const NormVectors& norm, const Tensor& sums, std::int64_t channels) {
#ifdef FER_WITH_CUDA
  if (sums.is_cuda())
    return finish_norms_cuda(norm, sums.const_data_ptr<double>(), channels, c10::cuda::getCurrentCUDAStream());
#endif
  finish_norms(norm, sums.const_data_ptr<double>(), channels);
}

template <class T>
void make_output(const Tail<T>& tail, Tensor& out, const Tensor& argmax) {
  auto* which = argmax.defined() ? argmax.data_ptr<std::uint8_t>() : nullptr;
#ifdef FER_WITH_CUDA
  if (out.is_cuda()) return tail_forward_cuda(tail, pointer<T>(out), which, c10::cuda::getCurrentCUDAStream());
#endif
  tail_forward(tail, pointer<T>(out), which);
}

template <class T>
void add_gradients(const Tail<T>& tail, const TailGradient<T>& back, [[maybe_unused]] const Tensor& raw, Tensor& sums) {
#ifdef FER_WITH_CUDA
  if (raw.is_cuda())
    return tail_gradient_sums_cuda(tail, back, sums.data_ptr<double>(), scratch_for(raw).data_ptr<float>(),
                                   c10::cuda::getCurrentCUDAStream());
#endif
  tail_gradient_sums(tail, back, sums.data_ptr<double>());
}

template <class T>
void make_input_gradient(const Tail<T>& tail, const TailGradient<T>& back, const Tensor& sums, Tensor& out) {
#ifdef FER_WITH_CUDA
  if (out.is_cuda())
    return tail_backward_cuda(tail, back, sums.const_data_ptr<double>(), pointer<T>(out),
                              c10::cuda::getCurrentCUDAStream());
#endif
  tail_backward(tail, back, sums.const_data_ptr<double>(), pointer<T>(out));
}

Tensor new_sums(const Tensor& maps) {
  return torch::empty({2 * maps.size(1) + 1}, maps.options().dtype(torch::kFloat64).requires_grad(false));
}

template <class T>
void forward_as(const TailPlan& plan, const Tensor& raw, Tensor& vectors, Tensor& out, const Tensor& argmax) {
  auto sums = new_sums(raw);
  const auto tail = tail_of<T>(plan, raw, vectors);
  add_moments(tail, raw, sums);
  if (auto* communicator = plan.norm->communicator()) communicator->all_reduce(sums, ReduceOp::kSum);
  finish(norm_vectors(*plan.norm, vectors), sums, raw.size(1));
  plan.norm->num_batches_tracked += 1;
  make_output(tail, out, argmax);
}

struct Gradients {
  Tensor input, weight, bias;
};

template <class T>
Gradients backward_as(const TailPlan& plan, const Tensor& raw, const Tensor& vectors, const Tensor& argmax,
                      const Tensor& gradient, bool wants_input) {
  auto sums = new_sums(raw);
  const auto channels = raw.size(1);
  const auto tail = tail_of<T>(plan, raw, vectors);
  const auto back = gradient_of<T>(gradient, argmax, vectors);
  add_gradients(tail, back, raw, sums);
  // The parameters' gradients stay this rank's part: the gradient reducer adds them up like all others.
  Gradients found{
      {}, sums.slice(0, channels, 2 * channels).to(torch::kFloat32), sums.slice(0, 0, channels).to(torch::kFloat32)};
  if (auto* communicator = plan.norm->communicator()) communicator->all_reduce(sums, ReduceOp::kSum);
  if (!wants_input) return found;
  found.input = torch::empty_like(raw);
  make_input_gradient(tail, back, sums, found.input);
  return found;
}

struct FusedTail : torch::autograd::Function<FusedTail> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& /*weight*/, const Tensor& /*bias*/,
                        const c10::intrusive_ptr<TailPlan>& plan) {
    const auto raw = channels_last(input.detach());
    auto vectors = torch::empty({4, raw.size(1)}, raw.options().dtype(torch::kFloat32));
    auto shape = raw.sizes().vec();
    if (plan->pooled) {
      shape[2] /= 2;
      shape[3] /= 2;
    }
    const auto format = raw.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    auto out = torch::empty(shape, raw.options().memory_format(format));
    const auto argmax =
        plan->pooled ? torch::empty(shape, raw.options().dtype(torch::kUInt8).memory_format(format)) : Tensor();
    if (raw.scalar_type() == torch::kBFloat16)
      forward_as<Bfloat16>(*plan, raw, vectors, out, argmax);
    else
      forward_as<float>(*plan, raw, vectors, out, argmax);
    context->save_for_backward({raw, vectors, argmax});
    context->saved_data["plan"] = c10::IValue::make_capsule(plan);
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto plan = c10::static_intrusive_pointer_cast<TailPlan>(context->saved_data["plan"].toCapsule());
    const auto &raw = saved[0], &vectors = saved[1], &argmax = saved[2];
    const auto gradient = channels_last(gradients[0].to(raw.scalar_type()));
    const bool wants_input = context->needs_input_grad(0);
    const auto found = raw.scalar_type() == torch::kBFloat16
                           ? backward_as<Bfloat16>(*plan, raw, vectors, argmax, gradient, wants_input)
                           : backward_as<float>(*plan, raw, vectors, argmax, gradient, wants_input);
    return {found.input, found.weight, found.bias, {}};
  }
};

}  // namespace

Tensor fused_tail(const ChainStage& stage, const Tensor& input) {
  auto plan = c10::make_intrusive<TailPlan>();
  plan->norm = stage.norm;
  plan->rectified = stage.rectified;
  plan->pooled = stage.pool == Pool::kAfterNorm;
  if (stage.dropout) {
    plan->mask = stage.dropout->mask();
    plan->step = stage.dropout->step_on(input.device());
  }
  return FusedTail::apply(input, stage.norm->weight, stage.norm->bias, plan);
}

Tensor run_tails(const Chain& chain, const Tensor& input) {
  auto maps = input;
  for (const auto& stage : chain) {
    if (stage.convolution) maps = stage.convolution->forward(maps);
    if (stage.dense) maps = stage.dense->forward(maps);
    if (stage.pool == Pool::kBeforeNorm) maps = torch::max_pool2d(maps, 2);
    if (stage.norm) {
      maps = fused_tail(stage, maps);
      continue;
    }
    if (stage.rectified) maps = torch::relu(maps);
    if (stage.pool == Pool::kAfterNorm) maps = torch::max_pool2d(maps, 2);
  }
  return maps;
}

bool can_run_tails(const Chain& chain, const Tensor& input) {
  const auto type = input.scalar_type();
  return at::GradMode::is_enabled() && (type == torch::kFloat32 || type == torch::kBFloat16) &&
         std::ranges::all_of(chain, [](const ChainStage& stage) {
           return !stage.norm || (stage.norm->is_training() && stage.norm->weight.scalar_type() == torch::kFloat32);
         });
}

}  // namespace fer
