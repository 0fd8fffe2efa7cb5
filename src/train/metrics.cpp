#include "train/metrics.h"

#include <torch/torch.h>

namespace fer {
namespace {

MetricSums from_tensor(const torch::Tensor& values) {
  const auto host = values.to(torch::kCPU);
  return {host[0].item<double>(), static_cast<std::int64_t>(host[1].item<double>()),
          static_cast<std::int64_t>(host[2].item<double>())};
}

}  // namespace

MetricMeter::MetricMeter(torch::Device device)
    : values_(torch::zeros({3}, torch::dtype(torch::kFloat64).device(device))) {}

void MetricMeter::add(const torch::Tensor& loss_sum, const torch::Tensor& logits, const torch::Tensor& labels) {
  const torch::NoGradGuard no_grad;
  values_[0] += loss_sum.detach().to(torch::kFloat64);
  if (labels.numel() > 0) values_[1] += logits.argmax(1).eq(labels).sum();
  values_[2] += labels.numel();
}

MetricSums MetricMeter::sums() const {
  return from_tensor(values_);
}

MetricSums MetricMeter::reduced(Communicator& communicator) const {
  auto values = values_.clone();
  communicator.all_reduce(values, ReduceOp::kSum);
  return from_tensor(values);
}

}  // namespace fer
