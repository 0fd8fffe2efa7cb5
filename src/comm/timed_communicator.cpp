#include "comm/timed_communicator.h"

#include <chrono>

namespace fer {
namespace {

/// Adds the time of its own life.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  double& seconds_;
  Clock::time_point start_ = Clock::now();
};

class TimedSummation final : public Summation {
 public:
  TimedSummation(std::unique_ptr<Summation> inner, double& seconds) : inner_(std::move(inner)), seconds_(seconds) {}

  torch::Tensor term() override { return inner_->term(); }
  void start() override {
    const Stopwatch watch(seconds_);
    inner_->start();
  }
  void progress() override {
    const Stopwatch watch(seconds_);
    inner_->progress();
  }
  torch::Tensor finish() override {
    const Stopwatch watch(seconds_);
    return inner_->finish();
  }
  std::string way() const override { return inner_->way(); }

 private:
  std::unique_ptr<Summation> inner_;
  double& seconds_;
};

}  // namespace

void TimedCommunicator::all_reduce(torch::Tensor& tensor, ReduceOp op) {
  const Stopwatch watch(seconds_);
  inner_.all_reduce(tensor, op);
}

void TimedCommunicator::broadcast(torch::Tensor& tensor, int root) {
  const Stopwatch watch(seconds_);
  inner_.broadcast(tensor, root);
}

torch::Tensor TimedCommunicator::all_gather(const torch::Tensor& tensor) {
  const Stopwatch watch(seconds_);
  return inner_.all_gather(tensor);
}

torch::Tensor TimedCommunicator::exchange(const torch::Tensor& tensor, int peer) {
  const Stopwatch watch(seconds_);
  return inner_.exchange(tensor, peer);
}

std::unique_ptr<Summation> TimedCommunicator::make_summation(std::int64_t elements,
                                                             const torch::TensorOptions& options) {
  return std::make_unique<TimedSummation>(inner_.make_summation(elements, options), seconds_);
}

}  // namespace fer
