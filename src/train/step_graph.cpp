#include "train/step_graph.h"

#include <torch/torch.h>

#include "base/error.h"

#ifdef FER_WITH_CUDA
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#endif

namespace fer {

#ifdef FER_WITH_CUDA
namespace {

/// Steps ahead of recording, which count as any other.
constexpr int kWarmUp = 3;

std::vector<torch::Tensor*> tensors_of(TrainingBatch& batch) {
  return {&batch.images,     &batch.labels,       &batch.other_labels,
          &batch.own_shares, &batch.class_shares, &batch.other_class_shares};
}

class CudaStepGraph final : public StepGraph {
 public:
  explicit CudaStepGraph(const torch::Device& device)
      : stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index())) {}

  void run(const TrainingBatch& batch, const std::function<void(const TrainingBatch&)>& step) override {
    const auto outer = c10::cuda::getCurrentCUDAStream();
    wait(stream_, outer);
    {
      // Everything on one stream, the backward pass with it: a recording refuses work on any other.
      const c10::cuda::CUDAStreamGuard guard(stream_);
      take(batch);
      if (warmed_up_ < kWarmUp) {
        ++warmed_up_;
        step(batch_);
      } else {
        if (!graph_) record(step);
        graph_->replay();
      }
    }
    wait(outer, stream_);
  }

 private:
  /// What is queued on `later` from now on comes behind what is on `earlier`.
  static void wait(const c10::cuda::CUDAStream& later, const c10::cuda::CUDAStream& earlier) {
    at::cuda::CUDAEvent event;
    event.record(earlier);
    event.block(later);
  }

  void take(TrainingBatch batch) {
    const bool first = !batch_.images.defined();
    const auto theirs = tensors_of(batch), ours = tensors_of(batch_);
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (!theirs[i]->defined()) continue;
      if (first)
        *ours[i] = theirs[i]->clone();
      else
        ours[i]->copy_(*theirs[i]);
    }
    batch_.first_row = batch.first_row;
    batch_.global_samples = batch.global_samples;
  }

  void record(const std::function<void(const TrainingBatch&)>& step) {
    graph_.emplace();
    // Other threads, that read files or log, may call CUDA meanwhile.
    graph_->capture_begin(/*pool=*/{0, 0}, cudaStreamCaptureModeThreadLocal);
    step(batch_);
    graph_->capture_end();
  }

  c10::cuda::CUDAStream stream_;
  TrainingBatch batch_;
  int warmed_up_ = 0;
  std::optional<at::cuda::CUDAGraph> graph_;
};

}  // namespace
#endif

std::unique_ptr<StepGraph> make_step_graph(const torch::Device& device) {
#ifdef FER_WITH_CUDA
  if (device.is_cuda()) return std::make_unique<CudaStepGraph>(device);
#endif
  fail("a step cannot be recorded on " + device.str());
}

}  // namespace fer
