#include "train/split_role.h"

#include <fmt/format.h>

#include <algorithm>

#include "artifacts/run_record.h"
#include "base/error.h"
#include "train/run_report.h"

namespace fer {

SplitRole role_in_run(const std::string& split, const std::string& chosen_by) {
  if (split == "train")
    return {SplitUse::kTraining,
            fmt::format("The net was trained on '{}': its figures say little of other faces.", split)};
  if (split == chosen_by)
    return {
        SplitUse::kChoosing,
        fmt::format("The best epoch was chosen by '{}', so these figures flatter; they are no estimate of other faces.",
                    split)};
  if (chosen_by.empty())
    return {
        SplitUse::kNone,
        fmt::format("'{}' was not used to train or to choose; without a validation split the last epoch is the best.",
                    split)};
  return {SplitUse::kNone,
          fmt::format("'{}' was not used to train or to choose; the best epoch was chosen by '{}'.", split, chosen_by)};
}

SplitRole role_for_checkpoint(const std::filesystem::path& checkpoint, const CheckpointInfo& info,
                              const Manifest& manifest, const std::string& split) {
  if (info.dataset_digest != manifest.digest())
    return {SplitUse::kUnknown,
            fmt::format("It is unknown whether faces of '{}' were used to train or to choose: the net was trained on "
                        "another dataset.",
                        split)};
  if (split == "train") return role_in_run(split, "");
  const auto run = run_folder_of(checkpoint);
  if (run.empty())
    return {SplitUse::kUnknown,
            fmt::format("It is unknown whether '{}' was used to choose the epoch: the checkpoint lies outside of its "
                        "run's folder, where run.json would tell.",
                        split)};
  return role_in_run(split, read_run_record(run).value("validation_split", ""));
}

SplitRole worst_role(const std::vector<SplitRole>& roles, const std::vector<std::string>& names) {
  require(!roles.empty() && roles.size() == names.size(), "each net has a role and a name");
  const auto worst = std::ranges::max_element(roles, {}, &SplitRole::use);
  auto role = *worst;
  const bool alike = std::ranges::all_of(roles, [&](const SplitRole& other) { return other.text == role.text; });
  if (!alike)
    role.text += fmt::format(" This holds for '{}', one of {} nets.",
                             names[static_cast<std::size_t>(worst - roles.begin())], roles.size());
  return role;
}

}  // namespace fer
