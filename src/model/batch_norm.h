#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "comm/communicator.h"

namespace fer {

/// Batch norm over [N, C] or [N, C, H, W] with the parameters, buffers and arithmetic of PyTorch's BatchNorm1d/2d. In
/// training mode its statistics come from this rank's samples, or, once share_statistics() was given a communicator,
/// from the samples of all ranks, weighted by their counts; then a rank may hold a single sample, or none.
class BatchNormImpl : public torch::nn::Module {
 public:
  static constexpr double kMomentum = 0.1;

  explicit BatchNormImpl(std::int64_t channels, double epsilon = 1e-5);

  /// Collective while statistics are shared, and its backward pass too.
  torch::Tensor forward(const torch::Tensor& input);

  /// @param communicator  not owned; null for local statistics.
  void share_statistics(Communicator* communicator) { communicator_ = communicator; }

  Communicator* communicator() const { return communicator_; }
  double epsilon() const { return epsilon_; }

  /// Takes a batch's statistics into the running ones.
  /// @param variance  biased
  /// @param count     of values per channel
  void track(const torch::Tensor& mean, const torch::Tensor& variance, double count);

  torch::Tensor weight;
  torch::Tensor bias;
  torch::Tensor running_mean;
  torch::Tensor running_var;
  torch::Tensor num_batches_tracked;

 private:
  double epsilon_;
  Communicator* communicator_ = nullptr;
};
TORCH_MODULE(BatchNorm);

/// Tells every batch norm inside `net` where its statistics come from; null: from this rank's samples.
void share_batch_statistics(torch::nn::Module& net, Communicator* communicator);

/// Of the batch norms inside `net` that learn, those in training mode.
struct RunningStatistics {
  std::vector<torch::Tensor> values;  // means and variances, sharing the net's memory
  std::vector<torch::Tensor> counts;  // num_batches_tracked, likewise
};
RunningStatistics running_statistics(torch::nn::Module& net);

/// Makes the running statistics inside `net` those of all ranks together: means and variances, within and between
/// ranks, weighted by the samples each rank has seen. Collective; afterwards all ranks hold the same buffers.
/// @param samples  this rank's samples since the ranks last agreed.
void combine_running_statistics(torch::nn::Module& net, Communicator& communicator, std::int64_t samples);

}  // namespace fer
