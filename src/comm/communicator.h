#pragma once

#include <torch/types.h>

#include <memory>
#include <string>
#include <vector>

#include "comm/summation.h"

namespace fer {

enum class ReduceOp { kSum, kMin, kMax };

/// Collectives over the ranks of one job: every rank calls each of them, in the same order, with tensors of the same
/// shape and type. Tensors are contiguous: float32, float64, int64, int32 or uint8.
/// A status other than success becomes an Error (kPeer).
class Communicator {
 public:
  Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int world_size() const = 0;
  /// Combines the ranks' tensors element by element; every rank gets the same result, in place.
  virtual void all_reduce(torch::Tensor& tensor, ReduceOp op) = 0;
  /// Every rank gets root's values, in place.
  virtual void broadcast(torch::Tensor& tensor, int root) = 0;
  /// [...] on each rank -> [world_size, ...] on all of them. Host tensors only.
  virtual torch::Tensor all_gather(const torch::Tensor& tensor) = 0;
  /// Gives a tensor to one other rank, which calls this too, and returns what that one gave. Host tensors only.
  virtual torch::Tensor exchange(const torch::Tensor& tensor, int peer) = 0;
  /// Memory in which the ranks add up vectors of `elements`, float32, float64 or bfloat16, beside what else they tell
  /// each other. Collective; not to outlive this.
  virtual std::unique_ptr<Summation> make_summation(std::int64_t elements, const torch::TensorOptions& options) = 0;
  /// The orderly end, after which nothing else may be called: waits for what is under way.
  virtual void close() {}
};

/// Texts of any length, by rank. Collective.
std::vector<std::string> all_gather_text(Communicator& communicator, const std::string& text);

/// Root's text on every rank. Collective.
std::string broadcast_text(Communicator& communicator, const std::string& text, int root);

}  // namespace fer
