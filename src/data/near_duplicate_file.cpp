#include "data/near_duplicate_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"

namespace fer {

using nlohmann::json;

void write_near_duplicates(const std::filesystem::path& folder, const std::string& dataset_digest,
                           const std::vector<std::vector<SampleRef>>& groups) {
  const json value = {{"dataset_digest", dataset_digest}, {"groups", groups_to_json(groups)}};
  write_file_atomically(folder / kNearDuplicateFile, value.dump() + "\n");
}

std::optional<std::vector<std::vector<SampleRef>>> read_near_duplicates(const std::filesystem::path& folder,
                                                                        const std::string& dataset_digest) {
  const auto path = folder / kNearDuplicateFile;
  if (!path_exists(path)) return std::nullopt;
  try {
    const auto value = json::parse(read_file(path));
    require(value.at("dataset_digest").get<std::string>() == dataset_digest, ExitCode::kBadInput,
            fmt::format("'{}' was made for another version of the dataset: run `fer_dataset inspect --near` again.",
                        path.string()));
    return groups_from_json(value.at("groups"));
  } catch (const json::exception& error) {
    fail(ExitCode::kBadInput,
         fmt::format("'{}' is damaged: {}. Run `fer_dataset inspect --near` again.", path.string(), error.what()));
  }
}

}  // namespace fer
