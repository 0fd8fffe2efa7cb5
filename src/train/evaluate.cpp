#include "train/evaluate.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "base/parallel.h"
#include "comm/activity.h"

namespace fer {
namespace {

constexpr std::int64_t kChunkSamples = 128;

torch::Tensor chunk_answers(Net& net, const Loader& loader, Averaging averaging, std::int64_t chunk) {
  const torch::InferenceMode no_gradients;
  const auto begin = chunk * kChunkSamples;
  const auto end = std::min(begin + kChunkSamples, loader.size());
  torch::Tensor sum;
  for (std::int64_t view = 0; view < loader.views(); ++view) {
    auto answers = net.forward(loader.load_range(begin, end, view)).to(torch::kFloat64);
    if (averaging == Averaging::kSoftmax) answers = answers.softmax(1);
    sum = view == 0 ? answers : sum + answers;
  }
  return (loader.views() == 1 ? sum : sum / static_cast<double>(loader.views())).to(torch::kCPU);
}

/// Runs `work` on 0 .. count-1 by all threads, each item by one of them: a kernel that several threads share may round
/// otherwise than alone.
template <class Work>
void for_each_chunk(std::int64_t count, const Work& work) {
  const int threads = at::get_num_threads();
  for_each_index(count, threads, [&](std::int64_t i) {
    at::set_num_threads(1);  // of this thread's kernels
    work(i);
  });
  at::set_num_threads(threads);
}

}  // namespace

Averaging parse_averaging(const std::string& text) {
  require(text == "softmax" || text == "logits", ExitCode::kUsage,
          fmt::format("--average is '{}'; known are softmax and logits.", text));
  return text == "softmax" ? Averaging::kSoftmax : Averaging::kLogits;
}

torch::Tensor answers_of(Net& net, const Loader& loader, Averaging averaging, Communicator& communicator) {
  net.eval();
  const auto chunks = (loader.size() + kChunkSamples - 1) / kChunkSamples;
  const std::int64_t rank = communicator.rank(), world_size = communicator.world_size();
  const auto own_chunks = (chunks - rank + world_size - 1) / world_size;

  std::vector<torch::Tensor> own(static_cast<std::size_t>(own_chunks));
  for_each_chunk(own_chunks, [&](std::int64_t i) {
    own[static_cast<std::size_t>(i)] = chunk_answers(net, loader, averaging, rank + i * world_size);
    report_progress();
  });

  // Each row is written by one rank and zero on the others, so their sum is exact.
  auto answers = torch::zeros({loader.size(), loader.classes()}, torch::kFloat64);
  for (std::int64_t i = 0; i < own_chunks; ++i) {
    const auto& rows = own[static_cast<std::size_t>(i)];
    answers.narrow(0, (rank + i * world_size) * kChunkSamples, rows.size(0)).copy_(rows);
  }
  communicator.all_reduce(answers, ReduceOp::kSum);
  return answers;
}

Evaluation score(const torch::Tensor& probabilities, const torch::Tensor& labels) {
  Evaluation evaluation{probabilities, std::nullopt};
  if (labels.defined()) evaluation.scores = score_split(probabilities, labels.to(torch::kCPU));
  return evaluation;
}

Evaluation evaluate(Net& net, const Loader& loader, Communicator& communicator) {
  return score(answers_of(net, loader, Averaging::kSoftmax, communicator), loader.labels());
}

}  // namespace fer
