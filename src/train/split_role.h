#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "artifacts/checkpoint.h"
#include "data/manifest.h"

namespace fer {

/// What a split that is scored was to a net, the harmless first.
enum class SplitUse { kNone, kUnknown, kChoosing, kTraining };

struct SplitRole {
  SplitUse use = SplitUse::kUnknown;
  std::string text;  // a sentence for the reader of the figures, which names the split
};

/// To the net of a run on the same dataset.
/// @param chosen_by  the split by which the run chose its best epoch; empty: by none
SplitRole role_in_run(const std::string& split, const std::string& chosen_by);

/// To the net of a checkpoint. Unknown if it was trained on another dataset, or does not lie in its run's folder.
/// @param manifest  of the dataset that is scored
/// @throws Error (kBadInput) if the run's run.json cannot be read.
SplitRole role_for_checkpoint(const std::filesystem::path& checkpoint, const CheckpointInfo& info,
                              const Manifest& manifest, const std::string& split);

/// To several nets together: the worst that it was to any of them, which is named where they differ.
/// @param roles  one or more  @param names  of the nets
SplitRole worst_role(const std::vector<SplitRole>& roles, const std::vector<std::string>& names);

}  // namespace fer
