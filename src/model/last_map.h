#pragma once

#include <ATen/record_function.h>
#include <torch/types.h>

#include <memory>

namespace fer {

/// While it lives, watches what this thread computes for the map of a net's last convolution, as it is handed to a pool
/// or to whatever else no longer tells its places apart: behind the batch norm, the rectifier, the shortcut and the
/// other branches that its places went through meanwhile. LibTorch's modules have no hooks, and nets call their layers
/// in ways of their own; but every operation of torch can be watched. Those inside a chain are not seen.
class LastMap {
 public:
  LastMap();
  LastMap(const LastMap&) = delete;
  LastMap& operator=(const LastMap&) = delete;
  ~LastMap();

  /// [N, C, h, w], part of the graph; undefined if no convolution ran, or none that a gradient can go through.
  const torch::Tensor& map() const { return map_; }

 private:
  static std::unique_ptr<at::ObserverContext> on_start(const at::RecordFunction& operation);
  static void on_end(const at::RecordFunction& operation, at::ObserverContext* goes_on);
  bool goes_into(const at::RecordFunction& operation) const;
  void take(const torch::Tensor& output, bool of_convolution);

  LastMap* outer_;  // that watches again afterwards
  at::CallbackHandle handle_;
  torch::Tensor map_;
};

}  // namespace fer
