#include "comm/nccl_communicator.h"

#include "comm/check_cuda.h"
#include "comm/nccl_summation.h"

namespace fer {
namespace {

ncclRedOp_t nccl_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      return ncclSum;
    case ReduceOp::kMin:
      return ncclMin;
    case ReduceOp::kMax:
      return ncclMax;
  }
  fail("unknown reduction");
}

}  // namespace

NcclCommunicator::NcclCommunicator(MpiCommunicator& host, int device)
    : host_(host), device_(device), group_(host, device) {}

void NcclCommunicator::all_reduce(torch::Tensor& tensor, ReduceOp op) {
  if (tensor.is_cpu()) return host_.all_reduce(tensor, op);  // metrics stay on the host
  group_.all_reduce(tensor, nccl_op(op), c10::cuda::getCurrentCUDAStream());
}

void NcclCommunicator::broadcast(torch::Tensor& tensor, int root) {
  if (tensor.is_cpu()) return host_.broadcast(tensor, root);
  group_.broadcast(tensor, root, c10::cuda::getCurrentCUDAStream());
}

std::unique_ptr<Summation> NcclCommunicator::make_summation(std::int64_t elements,
                                                            const torch::TensorOptions& options) {
  if (options.device().is_cpu()) return host_.make_summation(elements, options);
  if (!gradients_) {
    gradients_.emplace(host_, device_);
    gradient_stream_ = c10::cuda::getStreamFromPool(/*isHighPriority=*/true, static_cast<c10::DeviceIndex>(device_));
  }
  return std::make_unique<NcclSummation>(elements, options, *gradients_, *gradient_stream_);
}

void NcclCommunicator::close() {
  check_cuda(cudaDeviceSynchronize());
  if (gradients_) gradients_->close();
  group_.close();
}

}  // namespace fer
