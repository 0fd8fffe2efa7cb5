#include "train/bucket_reducer.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/torch.h>

#include <algorithm>
#include <functional>

#include "base/error.h"

namespace fer {
namespace {

namespace autograd = torch::autograd;

/// What the last bucket holds at most, millions of bytes: for it nothing is left to compute meanwhile.
constexpr double kLastMb = 1;

class CallOnGradient final : public autograd::PostAccumulateGradHook {
 public:
  explicit CallOnGradient(std::function<void()> call) : call_(std::move(call)) {}
  void operator()(const autograd::Variable& /*parameter*/) override { call_(); }

 private:
  std::function<void()> call_;
};

double megabytes(const torch::Tensor& tensor) {
  return 1e-6 * static_cast<double>(tensor.nbytes());
}

}  // namespace

torch::Tensor BucketReducer::requests_in(const torch::Tensor& last_bucket) {
  return last_bucket.narrow(0, last_bucket.numel() - kRequests, kRequests);
}

std::vector<std::vector<std::size_t>> plan_buckets(const std::vector<torch::Tensor>& parameters, double largest_mb) {
  // From the front: as many of the first parameters as the last bucket may hold, then the others by size.
  std::vector<std::vector<std::size_t>> buckets(1);
  double held = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const double more = megabytes(parameters[i]);
    const double most = buckets.size() == 1 ? std::min(kLastMb, largest_mb) : largest_mb;
    if (!buckets.back().empty() && held + more > most) {
      buckets.emplace_back();
      held = 0;
    }
    buckets.back().push_back(i);
    held += more;
  }
  return {buckets.rbegin(), buckets.rend()};
}

BucketReducer::BucketReducer(std::vector<torch::Tensor> parameters, Communicator& communicator,
                             const BucketConfig& config)
    : GradientReducer(parameters.at(0).device()),
      parameters_(std::move(parameters)),
      alone_(communicator.world_size() == 1) {
  if (alone_) {
    all_requests_ = own_requests_;
    return;
  }
  auto options = parameters_[0].options().requires_grad(false);
  if (config.bfloat16) options = options.dtype(torch::kBFloat16);
  auto plan = plan_buckets(parameters_, config.largest_mb);
  for (auto& places : plan) {
    Bucket bucket{std::move(places), {}, nullptr};
    std::int64_t elements = 0;
    for (const auto place : bucket.places) {
      bucket.parameters.push_back(parameters_[place]);
      elements += parameters_[place].numel();
    }
    if (&places == &plan.back()) elements += kRequests;
    bucket.summation = communicator.make_summation(elements, options);
    for (const auto& parameter : bucket.parameters)
      autograd::impl::set_post_acc_grad_hooks(
          parameter, std::make_unique<CallOnGradient>([this, number = buckets_.size()] { on_gradient(number); }));
    buckets_.push_back(std::move(bucket));
  }
}

BucketReducer::~BucketReducer() {
  for (const auto& bucket : buckets_)
    for (const auto& parameter : bucket.parameters) autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
}

void BucketReducer::begin_part(bool last) {
  armed_ = last;
  for (auto& bucket : buckets_) bucket.missing = bucket.parameters.size();
}

void BucketReducer::on_gradient(std::size_t number) {
  if (!armed_) return;
  require(buckets_[number].missing > 0, "a second backward pass in one part of a step");
  --buckets_[number].missing;
  for (std::size_t i = 0; i < started_; ++i) buckets_[i].summation->progress();
  // In their order, which all ranks keep.
  while (started_ < buckets_.size() && buckets_[started_].missing == 0) start_next_bucket();
}

void BucketReducer::start_next_bucket() {
  const torch::NoGradGuard no_grad;
  auto& bucket = buckets_[started_++];
  const auto term = bucket.summation->term();
  auto terms = views_like(bucket.parameters, term);
  at::_foreach_copy_(terms, take_gradients(bucket.parameters));
  if (started_ == buckets_.size()) requests_in(term).copy_(own_requests_);
  bucket.summation->start();
}

std::vector<torch::Tensor> BucketReducer::reduce() {
  const torch::NoGradGuard no_grad;
  if (alone_) return take_gradients(parameters_);
  armed_ = false;
  // What the backward pass left out: a rank may have no samples, and a layer no part in its answers.
  while (started_ < buckets_.size()) start_next_bucket();
  std::vector<torch::Tensor> gradients(parameters_.size());
  for (auto& bucket : buckets_) {
    const auto sum = bucket.summation->finish().to(parameters_[0].scalar_type());
    const auto views = views_like(bucket.parameters, sum);
    for (std::size_t i = 0; i < views.size(); ++i) gradients[bucket.places[i]] = views[i];
    if (&bucket == &buckets_.back()) all_requests_.copy_(requests_in(sum));
  }
  started_ = 0;
  return gradients;
}

}  // namespace fer
