#pragma once

#include <torch/types.h>

#include <memory>
#include <vector>

#include "comm/communicator.h"
#include "train/gradient_reducer.h"

namespace fer {

struct BucketConfig {
  double largest_mb = 25;  // millions of bytes of gradients that travel together
  bool bfloat16 = false;   // whether they travel, and are added, in 16 bits
};

/// Which parameters' gradients travel together, in the order in which they leave: that of the backward pass, which ends
/// with the first layers. The bucket of these, for which all wait, is small.
/// @return  places in `parameters`, each in one bucket
std::vector<std::vector<std::size_t>> plan_buckets(const std::vector<torch::Tensor>& parameters, double largest_mb);

/// Adds up gradients in buckets, each of which leaves as soon as the backward pass has filled it, while that goes on
/// (Li et al., arXiv 2006.15704). The optimizer reads the sums where they are: no gradient is copied back. A chain's
/// gradients come all at once, at its end. Requests travel in the last bucket.
class BucketReducer final : public GradientReducer {
 public:
  /// Collective. @param parameters  at least one, floating-point, of one type, on one device, without holes in their
  /// memory; until the end of this, they call it as their gradients are there.
  BucketReducer(std::vector<torch::Tensor> parameters, Communicator& communicator, const BucketConfig& config);
  ~BucketReducer() override;

  void begin_part(bool last) override;
  std::vector<torch::Tensor> reduce() override;

 private:
  struct Bucket {
    std::vector<std::size_t> places;
    std::vector<torch::Tensor> parameters;
    std::unique_ptr<Summation> summation;
    std::size_t missing = 0;  // gradients of this step
  };

  static torch::Tensor requests_in(const torch::Tensor& last_bucket);
  void on_gradient(std::size_t bucket);
  void start_next_bucket();

  std::vector<torch::Tensor> parameters_;
  bool alone_;
  bool armed_ = false;  // gradients are those of the step's last part, so final
  std::vector<Bucket> buckets_;
  std::size_t started_ = 0;  // buckets of this step
};

}  // namespace fer
