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

MetricMeter::MetricMeter(torch::Device device, std::int64_t parts)
    : values_(torch::zeros({parts, 3}, torch::dtype(torch::kFloat64).device(device))) {}

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
  return communicator.all_gather(values_.to(torch::kCPU)).flatten(0, 1);
}

void MetricMeter::restore(const torch::Tensor& of_all_ranks, int rank, int world_size) {
  const auto parts = values_.size(0), places = parts * world_size, rows = of_all_ranks.size(0);
  values_.zero_();
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto place = rows > places ? row * places / rows : row;  // neighbours meet where there are fewer places
    if (place / parts == rank) values_[place % parts] += of_all_ranks[row].to(values_.device());
  }
}

MetricSums MetricMeter::reduced(Communicator& communicator) const {
  return from_tensor(of_all_ranks(communicator));
}

}  // namespace fer
