#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fer {

/// What one rank does in one step.
struct StepShare {
  std::span<const std::int64_t> indices;   // this rank's samples; may be empty in a ragged step
  std::int64_t first_row = 0;              // of the first of them in the batch of all ranks
  std::int64_t global_samples = 0;         // of all ranks together, the divisor of loss and gradient
  bool ragged = false;                     // the last step, of another size than the others
  std::vector<std::int64_t> virtual_rows;  // how many of them each of this rank's virtual ranks takes, in order
  std::int64_t next = 0;  // the sample after this rank's last in the global batch, the first one after its end
};

/// The first of the virtual ranks that a rank takes on, as many as the others or one more, which follow one another; of
/// the number behind the last: the end.
constexpr std::int64_t first_virtual_rank(std::int64_t rank, std::int64_t world_size, std::int64_t virtual_ranks) {
  return rank * virtual_ranks / world_size;
}

/// Deals the samples of an epoch to steps and ranks. The order is one seeded permutation per epoch, the same for every
/// world size; step s covers the s-th run of `global_batch_size` samples of it, and rank r a contiguous part of that
/// run. Every sample is visited exactly once; every rank has the same number of steps, since each step is a collective.
/// The last step may be short; a tail of a single sample, which has no variance for a batch norm, joins the step
/// before.
///
/// With virtual ranks a step is dealt to these, and they to the ranks: what a virtual rank gets does not depend on the
/// number of ranks. In a short step only so many of them get samples that none has less than two, if there are two.
class Sampler {
 public:
  /// @param rank, world_size  plain numbers, so that one process can test the part of any rank of any job.
  /// @param virtual_ranks  a power of two, at least world_size, or 0: none
  Sampler(std::int64_t samples, std::int64_t global_batch_size, int rank, int world_size,
          std::int64_t virtual_ranks = 0);

  std::int64_t samples() const { return samples_; }
  std::int64_t global_batch_size() const { return global_batch_size_; }
  std::int64_t steps_per_epoch() const;
  /// Takes the order in which the next epoch visits the samples: as many as there are, the same on every rank.
  void start_epoch(std::vector<std::int64_t> order);
  /// The share of a step, counted from 0. Valid until the next start_epoch().
  StepShare share(std::int64_t step) const;

 private:
  /// The first row, in a step of so many samples, of a rank or virtual rank; of the number behind the last: the end.
  std::int64_t first_row_of_rank(std::int64_t rank, std::int64_t count) const;
  std::int64_t first_row_of_virtual_rank(std::int64_t rank, std::int64_t count) const;

  std::int64_t samples_;
  std::int64_t global_batch_size_;
  std::int64_t rank_;
  std::int64_t world_size_;
  std::int64_t virtual_ranks_;
  std::vector<std::int64_t> order_;
};

}  // namespace fer
