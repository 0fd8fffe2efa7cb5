#include "data/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/text.h"

namespace fer {
namespace {

using nlohmann::json;

constexpr std::int64_t kLongestSide = 65535;

constexpr int kFormatVersion = 3;
constexpr std::size_t kMostClasses = 256;  // labels are bytes

json shard_to_json(const ShardEntry& shard) {
  return {{"file", shard.file}, {"rows", shard.rows}, {"digest", shard.digest}};
}

ShardEntry shard_from_json(const json& value) {
  return {value.at("file").get<std::string>(), value.at("rows").get<std::int64_t>(),
          value.at("digest").get<std::string>()};
}

json split_to_json(const SplitEntry& split) {
  json value = {{"samples", split.samples},
                {"labelled", split.labelled},
                {"class_counts", split.class_counts},
                {"histogram", split.histogram},
                {"content_digest", split.content_digest},
                {"shards", json::array()}};
  if (split.voted) value["voted"] = true;
  for (const auto& shard : split.shards) value["shards"].push_back(shard_to_json(shard));
  return value;
}

SplitEntry split_from_json(const json& value) {
  SplitEntry split;
  split.samples = value.at("samples").get<std::int64_t>();
  split.labelled = value.at("labelled").get<bool>();
  split.voted = value.value("voted", false);
  split.class_counts = value.at("class_counts").get<std::vector<std::int64_t>>();
  split.histogram = value.at("histogram").get<std::vector<std::int64_t>>();
  split.content_digest = value.at("content_digest").get<std::string>();
  for (const auto& shard : value.at("shards")) split.shards.push_back(shard_from_json(shard));
  return split;
}

json samples_to_json(const std::vector<SampleRef>& samples) {
  auto rows = json::object();
  for (const auto& sample : samples) rows[sample.split].push_back(sample.row);
  return rows;
}

std::vector<SampleRef> samples_from_json(const json& rows) {
  std::vector<SampleRef> samples;
  for (const auto& [split, list] : rows.items())
    for (const auto& row : list) samples.push_back({split, row.get<std::int64_t>()});
  return samples;
}

json passport_to_json(const Passport& passport) {
  return {{"duplicates", groups_to_json(passport.duplicates)},
          {"constant", samples_to_json(passport.constant)},
          {"skipped", passport.skipped}};
}

Passport passport_from_json(const json& value) {
  Passport passport;
  passport.duplicates = groups_from_json(value.at("duplicates"));
  passport.constant = samples_from_json(value.at("constant"));
  passport.skipped = value.at("skipped").get<std::vector<std::string>>();
  return passport;
}

/// The file's content without its digest of itself.
json body(const Manifest& manifest) {
  json value = {{"format_version", kFormatVersion},
                {"name", manifest.name},
                {"image_shape", {manifest.height, manifest.width}},
                {"classes", manifest.classes},
                {"submission_header", manifest.submission_header},
                {"splits", json::object()},
                {"passport", passport_to_json(manifest.passport)}};
  for (const auto& [name, split] : manifest.splits) value["splits"][name] = split_to_json(split);
  return value;
}

Manifest from_body(const json& value) {
  Manifest manifest;
  manifest.name = value.at("name").get<std::string>();
  manifest.height = value.at("image_shape").at(0).get<std::int64_t>();
  manifest.width = value.at("image_shape").at(1).get<std::int64_t>();
  manifest.classes = value.at("classes").get<std::vector<std::string>>();
  manifest.submission_header = value.at("submission_header").get<std::string>();
  manifest.passport = passport_from_json(value.at("passport"));
  for (const auto& [name, split] : value.at("splits").items()) manifest.splits[name] = split_from_json(split);
  return manifest;
}

void require_consistent(const Manifest& manifest, const std::string& path) {
  const auto must = [&](bool condition, const std::string& what) {
    require(condition, ExitCode::kBadInput, fmt::format("'{}' contradicts itself: {}.", path, what));
  };
  const auto fits = [](std::int64_t side) { return side > 0 && side <= kLongestSide; };
  must(fits(manifest.height) && fits(manifest.width),
       fmt::format("the sides of its images are not between 1 and {}", kLongestSide));
  must(!manifest.classes.empty() && manifest.classes.size() <= kMostClasses, "there must be 1 to 256 classes");
  must(std::ranges::find(manifest.classes, "") == manifest.classes.end(), "a class has no name");
  must(std::set(manifest.classes.begin(), manifest.classes.end()).size() == manifest.classes.size(),
       "two classes have one name");
  for (const auto& name : manifest.classes)
    must(json(name) == json::parse(json_text(json(name))), "a class name is no UTF-8 text");
  for (const auto& [name, split] : manifest.splits) {
    auto left = split.samples;
    for (const auto& shard : split.shards) {
      must(shard.rows >= 0 && shard.rows <= left,
           fmt::format("shard '{}' cannot have {} of the {} samples of its split", shard.file, shard.rows,
                       split.samples));
      left -= shard.rows;
    }
    must(left == 0, fmt::format("split '{}' has {} samples, {} more than its shards", name, split.samples, left));
    must(!split.labelled || split.class_counts.size() == manifest.classes.size(),
         fmt::format("split '{}' counts another number of classes", name));
    for (const auto& shard : split.shards)
      must(std::filesystem::path(shard.file).filename() == shard.file, "a shard lies outside the folder");
  }
}

}  // namespace

json groups_to_json(const std::vector<std::vector<SampleRef>>& groups) {
  auto list = json::array();
  for (const auto& group : groups) list.push_back(samples_to_json(group));
  return list;
}

std::vector<std::vector<SampleRef>> groups_from_json(const json& list) {
  std::vector<std::vector<SampleRef>> groups;
  for (const auto& group : list) groups.push_back(samples_from_json(group));
  return groups;
}

const SplitEntry& Manifest::split(const std::string& split) const {
  if (const auto found = splits.find(split); found != splits.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [name, entry] : splits) names.push_back(name);
  fail(ExitCode::kBadInput, fmt::format("dataset '{}' has no split '{}'; it has {}.", name, split, join(names)));
}

std::string Manifest::digest() const {
  return digest_of(json_text(body(*this))).text();
}

Manifest read_manifest(const std::filesystem::path& folder) {
  const auto path = folder / kManifestFile;
  require(
      path_exists(path), ExitCode::kBadInput,
      fmt::format("no dataset in '{}': there is no {}. Make one with `fer_dataset synth --out {}`, or from your own "
                  "files with `fer_dataset import`.",
                  folder.string(), kManifestFile, folder.string()));
  try {
    const auto value = json::parse(read_file(path));
    const int version = value.at("format_version").get<int>();
    require(version == kFormatVersion, ExitCode::kBadInput,
            fmt::format("'{}' has format version {}, but this program reads version {}: make the dataset again.",
                        path.string(), version, kFormatVersion));
    auto manifest = from_body(value);
    require(value.at("digest").get<std::string>() == manifest.digest(), ExitCode::kBadInput,
            fmt::format("'{}' was changed after it was written: its digest does not match. Import the data again.",
                        path.string()));
    require_consistent(manifest, path.string());
    return manifest;
  } catch (const json::exception& error) {
    fail(ExitCode::kBadInput, fmt::format("'{}' is damaged: {}.", path.string(), error.what()));
  }
}

void write_manifest(const std::filesystem::path& folder, const Manifest& manifest) {
  require_consistent(manifest, (folder / kManifestFile).string());
  auto value = body(manifest);
  value["digest"] = manifest.digest();
  require(write_file_if_free(folder / kManifestFile, json_text(value, 2) + "\n"), ExitCode::kUsage,
          fmt::format("'{}' got a dataset from somebody else meanwhile: choose another --out.", folder.string()));
}

}  // namespace fer
