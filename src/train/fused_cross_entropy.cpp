#include "train/fused_cross_entropy.h"

#include <torch/torch.h>

#include "kernels/cross_entropy.h"

#ifdef FER_WITH_CUDA
#include <c10/cuda/CUDAStream.h>
#endif

namespace fer {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

void compute(const CrossEntropyBatch& batch, Tensor& losses, Tensor& gradients) {
#ifdef FER_WITH_CUDA
  if (losses.is_cuda())
    return cross_entropy_cuda(batch, losses.data_ptr<float>(), gradients.data_ptr<float>(),
                              c10::cuda::getCurrentCUDAStream());
#endif
  cross_entropy(batch, losses.data_ptr<float>(), gradients.data_ptr<float>());
}

struct CrossEntropy : torch::autograd::Function<CrossEntropy> {
  static Tensor forward(AutogradContext* context, const Tensor& logits, const Tensor& targets,
                        const std::optional<Tensor>& class_weights, double smoothing) {
    const auto values = logits.detach().to(torch::kFloat32).contiguous();
    const auto wanted = targets.contiguous();
    const bool labelled = wanted.dim() == 1;
    auto losses = torch::empty({values.size(0)}, values.options());
    auto gradients = torch::empty_like(values);
    compute({values.size(0), values.size(1), values.const_data_ptr<float>(),
             labelled ? wanted.const_data_ptr<std::int64_t>() : nullptr,
             labelled ? nullptr : wanted.const_data_ptr<float>(),
             class_weights ? class_weights->const_data_ptr<float>() : nullptr, static_cast<float>(smoothing)},
            losses, gradients);
    context->save_for_backward({gradients});
    context->saved_data["type"] = static_cast<std::int64_t>(logits.scalar_type());
    return losses;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto type = static_cast<torch::ScalarType>(context->saved_data["type"].toInt());
    return {(context->get_saved_variables()[0] * gradients[0].unsqueeze(1)).to(type), {}, {}, {}};
  }
};

}  // namespace

Tensor fused_cross_entropy(const Tensor& logits, const Tensor& targets, const LossConfig& config) {
  const auto& weights = config.class_weights;
  return CrossEntropy::apply(logits, targets, weights.defined() ? std::optional(weights) : std::nullopt,
                             config.label_smoothing);
}

}  // namespace fer
