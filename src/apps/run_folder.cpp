#include "apps/run_folder.h"

#include <chrono>
#include <filesystem>

#include "base/atomic_file.h"
#include "comm/activity.h"
#include "comm/agreement.h"

namespace fer {

std::unique_ptr<RunHold> hold_run_folder(const TrainOptions& options, MpiCommunicator& host) {
  constexpr std::chrono::minutes kPatience(3);
  std::unique_ptr<RunHold> hold;
  agree(host, [&] {
    if (host.rank() != 0 || options.dry_run) return;
    const bool goes_on = options.resume == "auto";
    const std::filesystem::path folder = options.out;
    const PhaseInside phase(Phase::kSaving);
    hold = std::make_unique<RunHold>(folder, goes_on ? kPatience : std::chrono::minutes(0));
    if (!goes_on) return;
    remove_temporaries(folder);
    remove_temporaries(folder / "checkpoints");
  });
  return hold;
}

}  // namespace fer
