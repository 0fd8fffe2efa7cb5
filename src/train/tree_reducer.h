#pragma once

#include <torch/types.h>

#include <vector>

#include "comm/communicator.h"
#include "model/batch_norm.h"
#include "train/gradient_reducer.h"

namespace fer {

/// Adds up the gradients of a step's parts, each a virtual rank's, in one binary tree over all of them, whoever
/// computes them: the sums are the same to the last bit on any number of ranks. Each adds up the subtrees that are its
/// own. A power of two of ranks has one each and exchanges them pair by pair. Others gather all, which takes memory for a
/// few sums of each rank, and each adds up the rest. Every part begins with the running statistics of the step before,
/// and what the step leaves of them is their mean over the parts, weighted by samples. Float32 on CPUs.
class TreeReducer final : public GradientReducer {
 public:
  /// @param parameters     as of BucketReducer
  /// @param virtual_ranks  of all ranks together, a power of two, dealt as by first_virtual_rank()
  TreeReducer(std::vector<torch::Tensor> parameters, torch::nn::Module& net, Communicator& communicator,
              std::int64_t virtual_ranks);

  void begin_part(bool last) override;
  void end_part(double share) override;
  std::vector<torch::Tensor> reduce() override;

 private:
  /// The sum of `count` parts from `first` on: a subtree.
  struct Sum {
    torch::Tensor values;  // gradients, then statistics, then requests
    std::int64_t first;
    std::int64_t count;  // a power of two
  };

  static void add_sum(std::vector<Sum>& sums, Sum sum);
  std::vector<Sum> subtrees_of(int rank) const;
  std::int64_t first_part(std::int64_t rank) const;
  void begin_step();
  void exchange_sums();
  void gather_sums();
  std::vector<torch::Tensor> summed_tensors() const;

  std::vector<torch::Tensor> parameters_;
  torch::nn::Module& net_;
  Communicator& communicator_;
  std::int64_t virtual_ranks_;
  std::vector<Sum> sums_;  // of the parts that are done, this rank's in their order
  bool in_step_ = false;
  RunningStatistics statistics_;                           // of the net
  std::vector<torch::Tensor> at_begin_, counts_at_begin_;  // their copies, as the step began
};

}  // namespace fer
