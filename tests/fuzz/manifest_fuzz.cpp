// Reads dataset.json, with the digest that belongs to what it says, and near_duplicates.json.
#include "base/digest.h"
#include "base/json_text.h"
#include "data/manifest.h"
#include "data/near_duplicate_file.h"
#include "fuzz/fuzzing.h"

namespace {

using namespace fer;
using nlohmann::json;

/// Digests are no secret: whoever writes a dataset by hand can make one.
std::string with_digest(const std::string& text) {
  auto value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return text;
  value.erase("digest");
  value["digest"] = digest_of(json_text(value)).text();
  return json_text(value);
}

void read_dataset(const std::string& text) {
  static const TemporaryFolder folder, copy;
  write_text(folder / kManifestFile, with_digest(text));
  Manifest manifest;
  if (!is_read([&] { manifest = read_manifest(folder.path()); })) return;
  for (const auto& [name, split] : manifest.splits)
    for (const auto& shard : split.shards) require(shard.rows >= 0, "a shard has less than no rows");
  std::filesystem::remove(copy / kManifestFile);
  write_manifest(copy.path(), manifest);
  require(read_manifest(copy.path()).digest() == manifest.digest(), "written, it says something else");
}

void read_groups(const std::string& text) {
  static const TemporaryFolder folder;
  write_text(folder / kNearDuplicateFile, text);
  is_read([&] { read_near_duplicates(folder.path(), "xxh3:0"); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  read_dataset(text);
  read_groups(text);
  return 0;
}
