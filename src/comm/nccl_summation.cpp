#include "comm/nccl_summation.h"

#include <torch/torch.h>

namespace fer {

NcclSummation::NcclSummation(std::int64_t elements, const torch::TensorOptions& options, NcclGroup& group,
                             const c10::cuda::CUDAStream& stream)
    : group_(group), stream_(stream), term_(torch::zeros({elements}, options)) {}

void NcclSummation::start() {
  written_.record(c10::cuda::getCurrentCUDAStream());
  written_.block(stream_);
  group_.all_reduce(term_, ncclSum, stream_);
  summed_.record(stream_);
}

torch::Tensor NcclSummation::finish() {
  summed_.block(c10::cuda::getCurrentCUDAStream());
  return term_;
}

}  // namespace fer
