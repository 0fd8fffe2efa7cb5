#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/host_device.h"

#ifdef FER_WITH_CUDA
#include <cuda_runtime_api.h>
#endif

namespace fer {

/// Logits and what they should have been: labels, or shares of the classes.
struct CrossEntropyBatch {
  std::int64_t samples;
  std::int64_t classes;
  const float* logits;         // [samples, classes]
  const std::int64_t* labels;  // [samples]; null: shares
  const float* shares;         // [samples, classes]; null: labels
  const float* class_weights;  // [classes]; null: all 1
  float smoothing;             // share of a target that is spread evenly over all classes
};

/// What a class counts in a sample's target: with PyTorch's meaning of class weights beside smoothing.
FER_HOST_DEVICE inline float target_of(const CrossEntropyBatch& batch, std::int64_t sample, std::int64_t c) {
  const float share =
      batch.shares != nullptr ? batch.shares[sample * batch.classes + c] : (batch.labels[sample] == c ? 1.0F : 0.0F);
  const float smoothed = (1 - batch.smoothing) * share + batch.smoothing / static_cast<float>(batch.classes);
  return batch.class_weights != nullptr ? batch.class_weights[c] * smoothed : smoothed;
}

/// The cross entropy of softmax, and its gradient, p * (sum of the target) - target.
/// @param gradient  [classes], written
FER_HOST_DEVICE inline float cross_entropy_of(const CrossEntropyBatch& batch, std::int64_t sample, float* gradient) {
  const float* logits = batch.logits + sample * batch.classes;
  float largest = logits[0];
  for (std::int64_t c = 1; c < batch.classes; ++c)
    if (logits[c] > largest || logits[c] != logits[c]) largest = logits[c];  // what is no number shows
  float sum = 0;
  for (std::int64_t c = 0; c < batch.classes; ++c) sum += std::exp(logits[c] - largest);
  const float log_sum = std::log(sum);
  float loss = 0, all = 0;
  for (std::int64_t c = 0; c < batch.classes; ++c) {
    const float target = target_of(batch, sample, c);
    if (target != 0) loss -= target * (logits[c] - largest - log_sum);
    all += target;
  }
  for (std::int64_t c = 0; c < batch.classes; ++c)
    gradient[c] = all * std::exp(logits[c] - largest - log_sum) - target_of(batch, sample, c);
  return loss;
}

/// @param losses     [samples]
/// @param gradients  [samples, classes]: of each sample's loss, by its logits
inline void cross_entropy(const CrossEntropyBatch& batch, float* losses, float* gradients) {
  for (std::int64_t i = 0; i < batch.samples; ++i)
    losses[i] = cross_entropy_of(batch, i, gradients + i * batch.classes);
}

#ifdef FER_WITH_CUDA
/// The same on device memory, queued on `stream`, a thread per sample. @throws Error if the launch is refused.
void cross_entropy_cuda(const CrossEntropyBatch& batch, float* losses, float* gradients, cudaStream_t stream);
#endif

}  // namespace fer
