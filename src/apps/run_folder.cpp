#include "apps/run_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "artifacts/run_record.h"
#include "base/atomic_file.h"
#include "comm/activity.h"
#include "comm/agreement.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

bool holds_checkpoints(const fs::path& folder) {
  std::error_code missing;
  return std::ranges::any_of(fs::directory_iterator(folder / "checkpoints", missing),
                             [](const auto& entry) { return entry.path().extension() == ".safetensors"; });
}

}  // namespace

std::unique_ptr<FolderHold> hold_run_folder(const TrainOptions& options, MpiCommunicator& host) {
  constexpr std::chrono::minutes kPatience(3);
  std::unique_ptr<FolderHold> hold;
  agree(host, [&] {
    if (host.rank() != 0 || options.dry_run) return;
    const bool goes_on = options.resume == "auto";
    const fs::path folder = options.out;
    const PhaseInside phase(Phase::kSaving);
    hold = std::make_unique<FolderHold>(folder, "is training in", goes_on ? kPatience : std::chrono::minutes(0));
    if (!goes_on) return;
    remove_temporaries(folder);
    remove_temporaries(folder / "checkpoints");
  });
  return hold;
}

void make_run_folder(const TrainOptions& options, bool goes_on, MpiCommunicator& host) {
  agree(host, [&] {
    if (host.rank() != 0) return;
    if (options.resume == "auto" && !goes_on) forget_run(options.out);
    require(goes_on || !holds_checkpoints(options.out), ExitCode::kUsage,
            fmt::format("'{}' holds checkpoints, but no {} that tells of their run; choose another --out.", options.out,
                        kRunRecordFile));
    make_writable_folder(fs::path(options.out) / "log");
  });
}

}  // namespace fer
