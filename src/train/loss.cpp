#include "train/loss.h"

#include <torch/torch.h>

#include "train/fused_cross_entropy.h"

namespace fer {
namespace {

namespace F = torch::nn::functional;

torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets, const LossConfig& config,
                            const F::CrossEntropyFuncOptions::reduction_t& reduction) {
  if (logits.is_cuda() && logits.scalar_type() != torch::kFloat64) {
    const auto losses = fused_cross_entropy(logits, targets, config);
    return std::holds_alternative<torch::enumtype::kSum>(reduction) ? losses.sum() : losses;
  }
  return F::cross_entropy(logits, targets,
                          F::CrossEntropyFuncOptions()
                              .weight(config.class_weights)
                              .label_smoothing(config.label_smoothing)
                              .reduction(reduction));
}

/// [B]
torch::Tensor squared_errors(const torch::Tensor& logits, const torch::Tensor& targets, const LossConfig& config) {
  const auto shares = targets.dim() == 2 ? targets : torch::one_hot(targets, logits.size(1)).to(logits.dtype());
  const auto errors = (logits.softmax(1) - shares).square().mean(1);
  return config.class_weights.defined() ? errors * shares.mv(config.class_weights) : errors;
}

/// Of all samples. @param targets  [B] int64 labels, or [B, classes] shares
torch::Tensor sum_of_losses(const torch::Tensor& logits, const torch::Tensor& targets, const LossConfig& config) {
  if (config.name == "mse") return squared_errors(logits, targets, config).sum();
  return cross_entropy(logits, targets, config, torch::kSum);
}

/// [B], of each sample.
torch::Tensor single_losses(const torch::Tensor& logits, const torch::Tensor& targets, const LossConfig& config) {
  if (config.name == "mse") return squared_errors(logits, targets, config);
  return cross_entropy(logits, targets, config, torch::kNone);
}

}  // namespace

std::vector<std::string> loss_names() {
  return {"cross-entropy", "mse"};
}

torch::Tensor summed_loss(const torch::Tensor& logits, const TrainingBatch& batch, const LossConfig& config) {
  const bool voted = batch.class_shares.defined();
  const auto& own = voted ? batch.class_shares : batch.labels;
  if (!batch.own_shares.defined()) return sum_of_losses(logits, own, config);
  const auto& other = voted ? batch.other_class_shares : batch.other_labels;
  return (batch.own_shares * single_losses(logits, own, config) +
          (1 - batch.own_shares) * single_losses(logits, other, config))
      .sum();
}

}  // namespace fer
