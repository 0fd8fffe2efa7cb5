#pragma once

#include <torch/types.h>

#include <vector>

#include "comm/communicator.h"
#include "model/batch_norm.h"
#include "train/gradient_reducer.h"

namespace fer {

/// Adds up the gradients of a step's parts, each a virtual rank's, in one binary tree over all of them, whoever
/// computes them: the sums are the same to the last bit on 1, 2, 4 ... ranks. Every part begins with the running
/// statistics of the step before, and what the step leaves of them is their mean over the parts, weighted by samples.
/// Float32 on CPUs.
class TreeReducer final : public GradientReducer {
 public:
  /// @param parameters    as of BucketReducer
  /// @param communicator  of a power of two of ranks, each of which has the same power of two of parts in a step
  TreeReducer(std::vector<torch::Tensor> parameters, torch::nn::Module& net, Communicator& communicator);

  void begin_part(bool last) override;
  void end_part(double share) override;
  std::vector<torch::Tensor> reduce() override;

 private:
  struct Sum {
    torch::Tensor values;  // gradients, then statistics, then requests
    int height;            // in the tree: of 2^height parts
  };

  void begin_step();
  std::vector<torch::Tensor> summed_tensors() const;

  std::vector<torch::Tensor> parameters_;
  torch::nn::Module& net_;
  Communicator& communicator_;
  std::vector<Sum> sums_;  // ever lower ones
  bool in_step_ = false;
  RunningStatistics statistics_;                           // of the net
  std::vector<torch::Tensor> at_begin_, counts_at_begin_;  // their copies, as the step began
};

}  // namespace fer
