#include "data/dataset.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "data/shard.h"

namespace fer {
namespace {

void require_labels_in_range(const torch::Tensor& labels, std::int64_t classes, const std::string& shard) {
  if (labels.numel() == 0) return;
  const auto largest = labels.max().item<std::int64_t>();
  require(largest < classes, ExitCode::kBadInput,
          fmt::format("shard '{}' holds the label {}, but the dataset has {} classes.", shard, largest, classes));
}

std::vector<std::int64_t> class_counts(const Split& split, std::int64_t classes) {
  if (!split.labelled()) return {};
  const auto counts = torch::bincount(split.labels, {}, classes);
  return {counts.data_ptr<std::int64_t>(), counts.data_ptr<std::int64_t>() + classes};
}

}  // namespace

Split load_split(const std::filesystem::path& folder, const Manifest& manifest, const std::string& name) {
  const SplitEntry& entry = manifest.split(name);
  const auto images = torch::empty({entry.samples, manifest.height, manifest.width}, torch::kUInt8);
  const auto labels = torch::empty({entry.labelled ? entry.samples : 0}, torch::kUInt8);
  const auto ids = torch::empty({entry.samples}, torch::kInt64);
  const auto pixels_per_image = static_cast<std::size_t>(manifest.height * manifest.width);
  std::size_t row = 0;
  for (const ShardEntry& shard : entry.shards) {
    const auto rows = static_cast<std::size_t>(shard.rows);
    const std::span<std::uint8_t> shard_labels(entry.labelled ? labels.data_ptr<std::uint8_t>() + row : nullptr,
                                               entry.labelled ? rows : 0);
    read_shard(folder, shard, manifest.height, manifest.width,
               {images.data_ptr<std::uint8_t>() + row * pixels_per_image, rows * pixels_per_image}, shard_labels,
               {ids.data_ptr<std::int64_t>() + row, rows});
    if (entry.labelled)
      require_labels_in_range(labels.slice(0, static_cast<std::int64_t>(row), static_cast<std::int64_t>(row + rows)),
                              static_cast<std::int64_t>(manifest.classes.size()), shard.file);
    row += rows;
  }
  return {name, images, entry.labelled ? labels.to(torch::kInt64) : torch::Tensor(), ids};
}

torch::Tensor load_labels(const std::filesystem::path& folder, const Manifest& manifest, const std::string& name,
                          int part, int parts) {
  const SplitEntry& entry = manifest.split(name);
  const auto labels = torch::empty({entry.samples}, torch::kUInt8);
  std::int64_t row = 0;
  for (std::size_t i = 0; i < entry.shards.size(); ++i) {
    const ShardEntry& shard = entry.shards[i];
    if (static_cast<int>(i) % parts == part) check_shard(folder, shard);
    read_shard_labels(folder, shard, {labels.data_ptr<std::uint8_t>() + row, static_cast<std::size_t>(shard.rows)});
    require_labels_in_range(labels.slice(0, row, row + shard.rows), static_cast<std::int64_t>(manifest.classes.size()),
                            shard.file);
    row += shard.rows;
  }
  return labels.to(torch::kInt64);
}

Digest sample_digest(const std::uint8_t* pixels, std::size_t size, const std::string& class_name) {
  StreamingDigest digest;
  digest.add(pixels, size);
  digest.add(class_name.data(), class_name.size());
  return digest.value();
}

Digest content_digest(const Split& split, const std::vector<std::string>& classes) {
  UnorderedDigest digest;
  const auto size = static_cast<std::size_t>(split.images.size(1) * split.images.size(2));
  const auto* pixels = split.images.const_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < split.size(); ++i) {
    const auto name =
        split.labelled() ? classes.at(static_cast<std::size_t>(split.labels[i].item<std::int64_t>())) : "";
    digest.add(sample_digest(pixels + static_cast<std::size_t>(i) * size, size, name));
  }
  return digest.value();
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

void verify_dataset(const std::filesystem::path& folder) {
  const Manifest manifest = read_manifest(folder);
  for (const auto& [name, entry] : manifest.splits) {
    const Split split = load_split(folder, manifest, name);
    require(class_counts(split, static_cast<std::int64_t>(manifest.classes.size())) == entry.class_counts,
            ExitCode::kBadInput,
            fmt::format("split '{}' of '{}' has other class counts than dataset.json states.", name, folder.string()));
    require(
        content_digest(split, manifest.classes).text() == entry.content_digest, ExitCode::kBadInput,
        fmt::format("split '{}' of '{}' has another content digest than dataset.json states.", name, folder.string()));
  }
}

}  // namespace fer
