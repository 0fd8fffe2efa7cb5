#pragma once

#include <functional>
#include <memory>

#include "data/training_set.h"

namespace fer {

/// A training step as one launch: what it queues on the GPU is recorded once, as a CUDA graph, and replayed on the next
/// batches, which are copied to where the first one lay. All batches have the same shape, and the step the same host
/// values each time.
class StepGraph {
 public:
  virtual ~StepGraph() = default;
  /// Collective where the step is. The first steps run as they are, so that libraries choose their kernels and
  /// connections are made. @param step  never waits for the GPU
  virtual void run(const TrainingBatch& batch, const std::function<void(const TrainingBatch&)>& step) = 0;
};

/// @throws Error if the device, or this build, has no CUDA.
std::unique_ptr<StepGraph> make_step_graph(const torch::Device& device);

}  // namespace fer
