#include "apps/run_table.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "model/stages.h"

namespace fer {
namespace {

constexpr std::size_t kMostHostsNamed = 12;

struct HostRanks {
  std::string host;
  std::int64_t ranks = 0;
};

/// Of a job, in the order of its ranks.
std::vector<HostRanks> ranks_by_host(const nlohmann::json& ranks) {
  std::vector<HostRanks> hosts;
  for (const auto& rank : ranks) {
    const auto name = rank.at("host").get<std::string>();
    auto found = std::ranges::find(hosts, name, &HostRanks::host);
    if (found == hosts.end()) found = hosts.insert(found, {name, 0});
    ++found->ranks;
  }
  return hosts;
}

/// `3 of 4 ranks each: a, b, c`, or where they differ `3: a (4 ranks), b (4 ranks), c (2 ranks)`.
std::string hosts_text(const nlohmann::json& ranks) {
  const auto hosts = ranks_by_host(ranks);
  const bool alike = std::ranges::all_of(hosts, [&](const auto& one) { return one.ranks == hosts.front().ranks; });
  std::vector<std::string> names;
  for (const auto& [host, count] : hosts)
    if (names.size() < kMostHostsNamed)
      names.push_back(alike ? host : fmt::format("{} ({} rank{})", host, count, count == 1 ? "" : "s"));
  if (hosts.size() > names.size()) names.push_back(fmt::format("and {} more", hosts.size() - names.size()));
  if (hosts.size() == 1) return names.front();
  const auto each = alike ? fmt::format(" of {} rank{} each", hosts.front().ranks, hosts.front().ranks == 1 ? "" : "s")
                          : std::string();
  return fmt::format("{}{}: {}", hosts.size(), each, join(names));
}

bool on_gpus(const nlohmann::json& facts) {
  return facts.at("ranks").front().at("device").get<std::string>().starts_with("cuda");
}

std::string ranks_text(const nlohmann::json& facts) {
  const auto threads = facts.at("threads").get<int>();
  const auto ranks = facts.at("ranks").size();
  const char* each = ranks == 1 ? "" : " each";
  return fmt::format("{}, {}, {} thread{}{}, gradients by {}", ranks,
                     on_gpus(facts) ? fmt::format("one GPU{}", each) : "CPU", threads, threads == 1 ? "" : "s", each,
                     facts.at("backend").get<std::string>());
}

/// Of all splits, those first that the run uses, in the order in which it does.
std::string data_text(const std::string& folder, const RunData& data) {
  std::vector<std::string> names{"train"};
  if (data.validation) names.push_back(data.validation->name);
  if (data.test) names.push_back(data.test->name);
  for (const auto& [name, split] : data.manifest.splits)
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  std::vector<std::string> splits;
  for (const auto& name : names) splits.push_back(fmt::format("{} {}", name, data.manifest.split(name).samples));
  return fmt::format("{}: {} of {}x{} pictures", folder, join(splits), data.manifest.height, data.manifest.width);
}

std::string how_steps_run(const TrainOptions& options, const Trainer& trainer) {
  if (trainer.records_steps()) return "recorded once, then replayed as one CUDA graph";
  if (options.cuda_graph == "off") return "operation by operation, as --cuda-graph off says";
  if (trainer.synchronised_batch_norm()) return "operation by operation, for batch norms share statistics";
  if (options.debug) return "operation by operation, for --debug looks at each of them";
  return "operation by operation, for gradients travel by MPI";
}

std::string engine_text(const TrainOptions& options, bool gpus) {
  if (options.engine == "plain") return "plain: layer by layer";
  return gpus || has_chain_kernels() ? "fast" : "plain: fast wants a CPU with AVX2 or AVX-512";
}

/// `128 = 2 ranks x 64`, or where that does not come out even `130 over 4 ranks, 32 to 33 each`.
std::string shares_text(std::int64_t batch, std::int64_t shares, const char* kind) {
  if (batch % shares == 0)
    return fmt::format("{} = {} {}{} x {}", batch, shares, kind, shares == 1 ? "" : "s", batch / shares);
  return fmt::format("{} over {} {}s, {} to {} each", batch, shares, kind, batch / shares, batch / shares + 1);
}

std::string batch_text(const TrainOptions& options, const TrainingSet& train, const Trainer& trainer,
                       std::int64_t world_size) {
  const auto virtual_ranks = options.trainer.virtual_ranks;
  const char* kind = virtual_ranks > 0 ? "virtual rank" : "rank";
  return fmt::format(
      "{}, {} steps an epoch, batch norm {}{}",
      shares_text(train.global_batch_size(), virtual_ranks > 0 ? virtual_ranks : world_size, kind),
      trainer.steps_per_epoch(), trainer.synchronised_batch_norm() ? "over all ranks" : fmt::format("per {}", kind),
      options.data.training_set.balanced ? "; classes drawn equally often, samples not once an epoch" : "");
}

}  // namespace

void log_run_table(const TrainOptions& options, const nlohmann::json& facts, const RunData& data,
                   const TrainingSet& train, const Net& net, const Trainer& trainer) {
  const bool gpus = on_gpus(facts);
  const auto all_samples = data.manifest.split("train").samples;
  const auto augmentation = options.data.training_set.augmentation.text();
  const auto batch = train.global_batch_size(), virtual_ranks = options.trainer.virtual_ranks;
  log_labelled("hosts", hosts_text(facts.at("ranks")));
  log_labelled("ranks", ranks_text(facts));
  log_labelled("data", data_text(options.dataset, data));
  if (data.train_size() < all_samples || data.streamed())
    log_labelled("train", fmt::format("{} of {} samples{}", data.train_size(), all_samples,
                                      data.streamed() ? ", read from the disk as they are used" : ""));
  log_labelled("class", fmt::format("{}: {}", data.classes.size(), join(data.classes)));
  log_labelled("change", augmentation == "none" ? "nothing" : augmentation);
  log_labelled("model", fmt::format("{}, {} parameters", options.net.name, parameter_count(net)));
  log_labelled("engine", fmt::format("{}, {}", options.precision, engine_text(options, gpus)));
  if (gpus) log_labelled("step", how_steps_run(options, trainer));
  log_labelled("batch", batch_text(options, train, trainer, std::ssize(facts.at("ranks"))));
  if (virtual_ranks > 0 && batch / virtual_ranks < kFewestLocalSamples)
    log_labelled("", fmt::format("fewer than {} samples make a virtual rank's batch norm noisy: raise "
                                 "--global-batch-size or lower --virtual-ranks",
                                 kFewestLocalSamples));
  spdlog::info("out    {}", options.dry_run ? "nothing, for this is a dry run" : options.out);
}

}  // namespace fer
