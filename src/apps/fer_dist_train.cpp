#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "apps/report_verdict.h"
#include "apps/resume.h"
#include "apps/run_app.h"
#include "apps/run_folder.h"
#include "apps/train_member.h"
#include "apps/train_members.h"
#include "base/progress_bar.h"
#include "base/stop_signal.h"
#include "base/text.h"
#include "cli/build_info.h"
#include "comm/agreement.h"
#include "comm/host_findings.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

constexpr std::int64_t kDebugSamples = 512;

/// Rank 0 chooses the folder. Collective.
std::string run_folder(const TrainOptions& options, MpiCommunicator& host) {
  auto folder = options.out;
  if (folder.empty())
    folder = fmt::format("runs/{}-{}-{}", fs::path(options.recipe).stem().string(), utc_stamp(), ::getpid());
  return broadcast_text(host, folder, /*root=*/0);
}

void prepare_debugging(const TrainOptions& options, const MpiCommunicator& host) {
  if (!options.debug) return;
  require_together(host.world_size() == 1, ExitCode::kUsage, "--debug wants one process; leave mpirun out.");
  ::setenv("CUDA_LAUNCH_BLOCKING", "1", /*overwrite=*/1);
  torch::autograd::AnomalyMode::set_enabled(true);
  spdlog::info("debug  at most {} training samples, anomaly detection on", kDebugSamples);
}

/// @param repeatable  those that give the same bits every time, else the fastest
void choose_gpu_kernels(bool repeatable) {
  at::globalContext().setDeterministicCuDNN(repeatable);
  at::globalContext().setBenchmarkCuDNN(!repeatable);
  at::globalContext().setDeterministicAlgorithms(repeatable, /*warn_only=*/true);
  at::globalContext().setDeterministicFillUninitializedMemory(false);  // which would cost a pass over all new memory
}

/// What decides the course of a run, and whether there is one; where the dataset lies may differ between hosts.
std::string lines_to_agree_on(const TrainOptions& options) {
  auto lines = split_text(options.ini, '\n');
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("dataset ="); });
  lines.push_back(fmt::format("resume = {}", options.resume));
  lines.push_back(fmt::format("dry-run = {}", options.dry_run));
  lines.push_back(fmt::format("print-config = {}", options.print_config));
  const auto build = build_info();
  for (const auto& [what, version] : build.items())
    lines.push_back(fmt::format("build.{} = {}", what, version.get<std::string>()));
  return join(lines, "\n");
}

/// From here on, ahead of MPI's start, a signal asks for a checkpoint and an end in good order.
TrainOptions parse_and_listen(int argc, const char* const* argv) {
  auto options = parse_train_options(argc, argv);
  listen_for_stop({SIGTERM, stop_signal_number(options.preempt_signal)});
  return options;
}

/// Seconds; 0: none. Between hosts mpirun itself has to notice a lost one first, which takes it 16 s with what
/// launch/env.sh sets: when a rank leaves ahead of that, Open MPI 4.1 may wait for ever for the host that is gone.
double watchdog_limit(const TrainOptions& options, const MpiCommunicator& host) {
  constexpr double kLeastBetweenHosts = 30;
  const double limit = options.dry_run ? 0 : options.watchdog_seconds;
  if (limit == 0 || limit >= kLeastBetweenHosts || host.local_size() == host.world_size()) return limit;
  spdlog::info("watch  {} s instead of {}, for mpirun has to notice a lost host first", kLeastBetweenHosts, limit);
  return kLeastBetweenHosts;
}

/// The first rank of each host says what a long run may come to grief over there. Collective.
void warn_of_host(const Placement& placement, MpiCommunicator& host) {
  for (const auto& [topic, finding] : look_at_host(placement.backend == "nccl", host))
    if (host.rank() == host.local_root() && !finding.advice.empty())
      spdlog::warn("{:<6} on {}: {}. {}", topic, host_name(), finding.text, finding.advice);
}

ExitCode train(const TrainOptions& options, MpiCommunicator& host) {
  require_same_lines(host, "options or build", lines_to_agree_on(options));
  if (options.print_config) {
    agree(host, [&] {
      if (host.rank() == 0) print_answer(options.ini);
    });
    return ExitCode::kOk;
  }
  prepare_debugging(options, host);
  const Watchdog watchdog(watchdog_limit(options, host), host, report_verdict);
  const bool world = options.deterministic == "world";
  const Placement placement = place_rank(
      {world ? "cpu" : options.device, options.backend, world ? 1 : options.threads, options.ranks_share_gpu}, host);

  warn_of_host(placement, host);
  if (placement.device.is_cuda()) choose_gpu_kernels(options.deterministic == "run");

  RunDataConfig data_config = options.data;
  data_config.folder = options.dataset;
  if (options.debug)
    data_config.most_samples =
        std::max({kDebugSamples, options.batch_size, data_config.training_set.global_batch_size});
  const RunData data = open_run_data(data_config, placement.device, host);
  const TrainingJob job{placement, data_config, data, host.rank() == 0 && !options.quiet && output_is_terminal()};

  TrainOptions settled = options;
  if (!options.dry_run) settled.out = run_folder(options, host);
  const auto hold = hold_run_folder(settled, host);
  if (options.members > 1) return train_members(settled, job, host);
  std::optional<std::string> ending;
  agree(host, [&] {
    if (host.rank() == 0) ending = completion(settled, data);
  });
  if (!true_everywhere(host, ending || host.rank() != 0)) return train_member(settled, job, host);
  if (ending) spdlog::info("done   '{}' holds this run, {}", settled.out, *ending);
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("fer_dist_train", argc, argv, parse_and_listen, train);
}
