#include "train/metrics.h"

#include <torch/torch.h>

namespace fer {
namespace {

/// @param values  [parts, 3] float64
MetricSums from_tensor(const torch::Tensor& values) {
  const auto host = values.to(torch::kCPU);
  auto total = torch::zeros({3}, torch::kFloat64);
  for (std::int64_t part = 0; part < host.size(0); ++part) total += host[part];  // in this order
  return {total[0].item<double>(), static_cast<std::int64_t>(total[1].item<double>()),
          static_cast<std::int64_t>(total[2].item<double>())};
}

}  // namespace

MetricMeter::MetricMeter(torch::Device device, MetricParts parts)
    : parts_(parts), values_(torch::zeros({parts.own, 3}, torch::dtype(torch::kFloat64).device(device))) {}

void MetricMeter::add(const torch::Tensor& loss_sum, const torch::Tensor& logits, const torch::Tensor& labels,
                      std::int64_t part) {
  const torch::NoGradGuard no_grad;
  auto values = values_[part];
  values[0] += loss_sum.detach().to(torch::kFloat64);
  if (labels.numel() > 0) values[1] += logits.argmax(1).eq(labels).sum();
  values[2] += labels.numel();
}

MetricSums MetricMeter::sums() const {
  return from_tensor(values_);
}

torch::Tensor MetricMeter::of_all_ranks(Communicator& communicator) const {
  auto all = torch::zeros({parts_.all, 3}, torch::kFloat64);
  all.narrow(0, parts_.first, parts_.own).copy_(values_);
  return communicator.all_gather(all).sum(0);  // exact, since a part is 0 on all ranks but one
}

void MetricMeter::restore(const torch::Tensor& of_all_ranks) {
  const auto rows = of_all_ranks.size(0);
  values_.zero_();
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto part = rows > parts_.all ? row * parts_.all / rows : row;  // neighbours meet where there are fewer
    const auto own = part - parts_.first;
    if (own >= 0 && own < parts_.own) values_[own] += of_all_ranks[row].to(values_.device());
  }
}

MetricSums MetricMeter::reduced(Communicator& communicator) const {
  return from_tensor(of_all_ranks(communicator));
}

}  // namespace fer
