#pragma once

#include <filesystem>
#include <functional>

#include "data/augmentation.h"

namespace fer {

struct ExportConfig {
  Augmentation augmentation;  // of the train split's pictures; mixup has no place in a file of labels
  std::int64_t copies = 1;    // of each picture of the train split, each changed by its own draw
  std::uint64_t seed = 1;
};

/// Writes a dataset as one CSV file as fer2013.csv is, `emotion,pixels,Usage`: labels as numbers, Usage Training,
/// PublicTest (of validation or public_test) or PrivateTest (of test or private_test). `fer_dataset import` reads it. A
/// split without labels is left out. The file appears under its name when it is whole. Not collective.
/// @param progress  called with the number of rows written so far
/// @return the number of rows
/// @throws Error (kUsage) for mixup or a window larger than the pictures, (kBadInput), (kIo).
std::int64_t export_csv(const std::filesystem::path& folder, const std::filesystem::path& file,
                        const ExportConfig& config, const std::function<void(std::int64_t)>& progress);

}  // namespace fer
