#pragma once

#include <ATen/cuda/CUDAEvent.h>

#include "comm/nccl_group.h"
#include "comm/summation.h"

namespace fer {

/// A summation by NCCL on a stream of its own, beside the one that computes.
class NcclSummation final : public Summation {
 public:
  /// @param group   of these summations alone; must outlive this
  /// @param stream  on which its collectives are queued
  NcclSummation(std::int64_t elements, const torch::TensorOptions& options, NcclGroup& group,
                const c10::cuda::CUDAStream& stream);

  torch::Tensor term() override { return term_; }
  void start() override;
  /// Lets the current stream wait, not the host.
  torch::Tensor finish() override;
  std::string way() const override { return "by NCCL"; }

 private:
  NcclGroup& group_;
  c10::cuda::CUDAStream stream_;
  torch::Tensor term_;  // [elements]
  at::cuda::CUDAEvent written_, summed_;
};

}  // namespace fer
