#include "model/batch_norm.h"

#include <torch/torch.h>

namespace fer {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// All dimensions but the channels.
std::vector<std::int64_t> reduced_dimensions(const Tensor& input) {
  std::vector<std::int64_t> dimensions = {0};
  for (std::int64_t d = 2; d < input.dim(); ++d) dimensions.push_back(d);
  return dimensions;
}

/// A vector over channels, shaped so that it broadcasts over `input`.
Tensor over_channels(const Tensor& vector, const Tensor& input) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(input.dim()), 1);
  shape[1] = input.size(1);
  return vector.to(input.scalar_type()).view(shape);
}

struct BatchStatistics {
  double count = 0;  // of values per channel, over all ranks
  Tensor mean;       // [C] float64
  Tensor variance;   // [C] float64, biased
};

/// Adds up {count, count * mean, count * (variance + mean^2)} over the ranks. The moments about each rank's own mean
/// are stable in float, and double carries their sums.
BatchStatistics shared_statistics(const Tensor& input, Communicator& communicator) {
  const auto channels = input.size(1);
  auto sums = torch::zeros({2 * channels + 1}, torch::dtype(torch::kFloat64).device(input.device()));
  const auto count = static_cast<double>(input.numel() / channels);
  if (count > 0) {
    auto [variance, mean] = torch::var_mean(input, reduced_dimensions(input), /*unbiased=*/false);
    mean = mean.to(torch::kFloat64);
    sums.slice(0, 0, channels) = mean * count;
    sums.slice(0, channels, 2 * channels) = (variance.to(torch::kFloat64) + mean * mean) * count;
    sums[2 * channels] = count;
  }
  communicator.all_reduce(sums, ReduceOp::kSum);
  const auto total = sums[2 * channels].item<double>();
  const auto mean = sums.slice(0, 0, channels) / total;
  return {total, mean, (sums.slice(0, channels, 2 * channels) / total - mean * mean).clamp_min(0)};
}

/// Batch norm with statistics over all ranks (Ioffe and Szegedy, arXiv 1502.03167, with sums over the global batch).
struct SharedBatchNorm : torch::autograd::Function<SharedBatchNorm> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& weight, const Tensor& bias,
                        const Tensor& mean, const Tensor& inverse_deviation, double count, Communicator* communicator) {
    context->save_for_backward({input, weight, mean, inverse_deviation});
    context->saved_data["count"] = count;
    context->saved_data["communicator"] = reinterpret_cast<std::int64_t>(communicator);
    const auto scale = over_channels(weight * inverse_deviation, input);
    return (input - over_channels(mean, input)) * scale + over_channels(bias, input);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &weight = saved[1], &mean = saved[2], &inverse_deviation = saved[3];
    const double count = context->saved_data["count"].toDouble();
    auto* communicator = reinterpret_cast<Communicator*>(context->saved_data["communicator"].toInt());
    const auto& gradient = gradients[0];

    const auto normalised = (input - over_channels(mean, input)) * over_channels(inverse_deviation, input);
    const auto dimensions = reduced_dimensions(input);
    const auto own_bias = gradient.sum(dimensions, /*keepdim=*/false, torch::kFloat64);
    const auto own_weight = (gradient * normalised).sum(dimensions, /*keepdim=*/false, torch::kFloat64);
    auto sums = torch::stack({own_bias, own_weight});
    communicator->all_reduce(sums, ReduceOp::kSum);
    const auto centred = gradient - over_channels(sums[0] / count, input);
    const auto input_gradient = (centred - normalised * over_channels(sums[1] / count, input)) *
                                over_channels(weight * inverse_deviation, input);
    // The parameters' gradients stay this rank's part: the gradient reducer adds them up like all others.
    return {input_gradient, own_weight.to(weight.scalar_type()), own_bias.to(weight.scalar_type()), {}, {}, {}, {}};
  }
};

template <class Visitor>
void for_each_batch_norm(torch::nn::Module& net, const Visitor& visit) {
  for (const auto& module : net.modules(/*include_self=*/false))
    if (auto* norm = module->as<BatchNormImpl>()) visit(*norm);
}

}  // namespace

BatchNormImpl::BatchNormImpl(std::int64_t channels, double epsilon) : epsilon_(epsilon) {
  weight = register_parameter("weight", torch::ones({channels}));
  bias = register_parameter("bias", torch::zeros({channels}));
  running_mean = register_buffer("running_mean", torch::zeros({channels}));
  running_var = register_buffer("running_var", torch::ones({channels}));
  num_batches_tracked = register_buffer("num_batches_tracked", torch::zeros({}, torch::kInt64));
}

Tensor BatchNormImpl::forward(const Tensor& input) {
  if (!is_training() || communicator_ == nullptr) {
    if (is_training()) num_batches_tracked += 1;
    return torch::batch_norm(input, weight, bias, running_mean, running_var, is_training(), kMomentum, epsilon_,
                             /*cudnn_enabled=*/true);
  }
  BatchStatistics statistics;
  Tensor inverse_deviation;
  {
    const torch::NoGradGuard no_grad;
    statistics = shared_statistics(input, *communicator_);
    if (statistics.count == 0) return input;  // no rank has a sample in this part of a step
    inverse_deviation = (statistics.variance + epsilon_).rsqrt();
    track(statistics.mean, statistics.variance, statistics.count);
  }
  const auto type = weight.scalar_type();
  return SharedBatchNorm::apply(input, weight, bias, statistics.mean.to(type), inverse_deviation.to(type),
                                statistics.count, communicator_);
}

void BatchNormImpl::track(const Tensor& mean, const Tensor& variance, double count) {
  const torch::NoGradGuard no_grad;
  num_batches_tracked += 1;
  running_mean.lerp_(mean.to(running_mean.scalar_type()), kMomentum);
  const double unbiased = count / std::max(count - 1, 1.0);
  running_var.lerp_((variance * unbiased).to(running_var.scalar_type()), kMomentum);
}

void share_batch_statistics(torch::nn::Module& net, Communicator* communicator) {
  for_each_batch_norm(net, [&](BatchNormImpl& norm) { norm.share_statistics(communicator); });
}

RunningStatistics running_statistics(torch::nn::Module& net) {
  RunningStatistics all;
  for_each_batch_norm(net, [&](BatchNormImpl& norm) {
    if (!norm.is_training()) return;
    all.values.push_back(norm.running_mean);
    all.values.push_back(norm.running_var);
    all.counts.push_back(norm.num_batches_tracked);
  });
  return all;
}

void combine_running_statistics(torch::nn::Module& net, Communicator& communicator, std::int64_t samples) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for_each_batch_norm(net, [&](BatchNormImpl& norm) {
    if (!norm.is_training()) return;  // frozen, and the same on all ranks to the last bit
    const auto mean = norm.running_mean.to(torch::kFloat64);
    parts.push_back(mean);
    parts.push_back(norm.running_var.to(torch::kFloat64) + mean * mean);
  });
  if (parts.empty()) return;
  parts.push_back(torch::ones({1}, parts[0].options()));
  auto sums = torch::cat(parts) * static_cast<double>(samples);
  communicator.all_reduce(sums, ReduceOp::kSum);
  if (sums[-1].item<double>() == 0) return;  // no step has counted since
  sums /= sums[-1].clone();
  std::int64_t position = 0;
  for_each_batch_norm(net, [&](BatchNormImpl& norm) {
    if (!norm.is_training()) return;
    const auto channels = norm.running_mean.numel();
    const auto mean = sums.slice(0, position, position + channels);
    const auto square = sums.slice(0, position + channels, position + 2 * channels);
    norm.running_mean.copy_(mean);
    norm.running_var.copy_((square - mean * mean).clamp_min(0));
    position += 2 * channels;
  });
}

}  // namespace fer
