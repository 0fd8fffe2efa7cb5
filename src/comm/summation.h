#pragma once

#include <torch/types.h>

#include <string>

namespace fer {

/// Adds up one vector of each rank, step after step: first a rank writes term(), then it calls start(), may compute
/// something else meanwhile, and calls finish(); both are collective. Several may be under way at once, if all ranks
/// start them in the same order, and finish them in the same order. Its memory is its own, so that a term is written
/// once, where it is read from.
class Summation {
 public:
  virtual ~Summation() = default;

  /// [elements] What this rank adds. Not to be touched between start() and finish().
  virtual torch::Tensor term() = 0;
  /// Hands the term over.
  virtual void start() = 0;
  /// Lets what was started go on, where that takes calls. Not collective.
  virtual void progress() {}
  /// Waits for all terms. @return [elements] their sum, the same bits on every rank. It may lie in memory which ranks
  /// share: to be read, never written, and until the next start().
  virtual torch::Tensor finish() = 0;
  /// By what the terms travel, as in "through memory that they share".
  virtual std::string way() const = 0;
};

}  // namespace fer
