#include "data/near_duplicate_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"

namespace fer {
namespace {

using nlohmann::json;

json group_to_json(const std::vector<SampleRef>& group) {
  auto list = json::array();
  for (const auto& sample : group) list.push_back({sample.split, sample.row});
  return list;
}

std::vector<SampleRef> group_from_json(const json& list) {
  std::vector<SampleRef> group;
  for (const auto& value : list) group.push_back({value.at(0).get<std::string>(), value.at(1).get<std::int64_t>()});
  return group;
}

}  // namespace

void write_near_duplicates(const std::filesystem::path& folder, const std::string& dataset_digest,
                           const std::vector<std::vector<SampleRef>>& groups) {
  json value = {{"dataset_digest", dataset_digest}, {"groups", json::array()}};
  for (const auto& group : groups) value["groups"].push_back(group_to_json(group));
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
    std::vector<std::vector<SampleRef>> groups;
    for (const auto& group : value.at("groups")) groups.push_back(group_from_json(group));
    return groups;
  } catch (const json::exception& error) {
    fail(ExitCode::kBadInput,
         fmt::format("'{}' is damaged: {}. Run `fer_dataset inspect --near` again.", path.string(), error.what()));
  }
}

}  // namespace fer
