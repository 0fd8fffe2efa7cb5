#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <mutex>
#include <vector>

#include "model/chain.h"

namespace fer {

/// A Sequential of ordinary layers that runs those which follow one another in a known order as a chain. What it
/// computes is the same but for rounding; names and parameters are those of a Sequential.
class StagesImpl : public torch::nn::SequentialImpl {
 public:
  using SequentialImpl::SequentialImpl;

  torch::Tensor forward(const torch::Tensor& input);

  /// Layer by layer, with torch's own operations.
  void run_plain(bool plain) { plain_ = plain; }
  bool runs_plain() const { return plain_; }
  /// Of the maps inside chains.
  void use_storage(MapStorage storage) { storage_ = storage; }

 private:
  /// Either layers that form a chain, or one layer.
  struct Part {
    Chain chain;
    std::size_t first;  // of its layers
    std::size_t end;
  };

  std::vector<Part> plan();

  std::once_flag planned_;  // at the first pass, which several threads may begin
  std::vector<Part> parts_;
  bool plain_ = false;
  MapStorage storage_ = MapStorage::kFloat32;
};
TORCH_MODULE(Stages);

/// Whether all stages inside `net` run layer by layer.
void run_plain(torch::nn::Module& net, bool plain);

/// While it lives, all stages inside `net` run layer by layer; afterwards as before.
class PlainPasses {
 public:
  explicit PlainPasses(torch::nn::Module& net);
  PlainPasses(const PlainPasses&) = delete;
  PlainPasses& operator=(const PlainPasses&) = delete;
  ~PlainPasses();

 private:
  std::vector<StagesImpl*> changed_;  // not owned
};

/// How all chains inside `net` keep their maps.
void use_map_storage(torch::nn::Module& net, MapStorage storage);

}  // namespace fer
