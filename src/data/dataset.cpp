#include "data/dataset.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "comm/activity.h"
#include "data/shard.h"

namespace fer {
namespace {

/// Votes that each sample of a split has.
std::int64_t votes_of(const Manifest& manifest, const SplitEntry& entry) {
  return entry.voted ? static_cast<std::int64_t>(manifest.classes.size()) : 0;
}

/// The samples of a split, one kind of fact after the other; the widest first, so that all are aligned.
struct SplitColumns {
  torch::Tensor ids;     // [N] int64
  torch::Tensor images;  // [N, H, W] uint8
  torch::Tensor labels;  // [N] uint8, without meaning where the split has none
  torch::Tensor votes;   // [N, classes] uint8, or [N, 0]

  SplitColumns(const Manifest& manifest, const SplitEntry& entry, const torch::Tensor& memory) {
    const auto count = entry.samples;
    const auto pixels = count * manifest.height * manifest.width;
    const auto classes = votes_of(manifest, entry);
    const auto parts = memory.split_with_sizes(
        {count * static_cast<std::int64_t>(sizeof(std::int64_t)), pixels, count, count * classes});
    ids = parts[0].view(torch::kInt64);
    images = parts[1].view({count, manifest.height, manifest.width});
    labels = parts[2];
    votes = parts[3].view({count, classes});
  }
};

template <class Value>
std::span<Value> span_of(const torch::Tensor& tensor) {
  return {tensor.data_ptr<Value>(), static_cast<std::size_t>(tensor.numel())};
}

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

std::int64_t split_bytes(const Manifest& manifest, const std::string& name) {
  const SplitEntry& entry = manifest.split(name);
  const auto id_and_label = static_cast<std::int64_t>(sizeof(std::int64_t)) + 1;
  return entry.samples * (manifest.height * manifest.width + id_and_label + votes_of(manifest, entry));
}

void read_split(const std::filesystem::path& folder, const Manifest& manifest, const std::string& name,
                const torch::Tensor& memory, int part, int parts) {
  const SplitEntry& entry = manifest.split(name);
  const SplitColumns columns(manifest, entry, memory);
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < entry.shards.size(); ++i) {
    const ShardEntry& shard = entry.shards[i];
    const std::int64_t end = begin + shard.rows;
    report_progress();
    if (static_cast<int>(i) % parts == part) {
      const auto labels = columns.labels.slice(0, begin, entry.labelled ? end : begin);
      read_shard(folder, shard, manifest.height, manifest.width,
                 {span_of<std::uint8_t>(columns.images.slice(0, begin, end)), span_of<std::uint8_t>(labels),
                  span_of<std::uint8_t>(columns.votes.slice(0, begin, end)),
                  span_of<std::int64_t>(columns.ids.slice(0, begin, end))});
      require_labels_in_range(labels, static_cast<std::int64_t>(manifest.classes.size()), shard.file);
    }
    begin = end;
  }
}

Split split_in(const Manifest& manifest, const std::string& name, const torch::Tensor& memory) {
  const SplitEntry& entry = manifest.split(name);
  const SplitColumns columns(manifest, entry, memory);
  return {name, columns.images, entry.labelled ? columns.labels.to(torch::kInt64) : torch::Tensor(), columns.ids,
          entry.voted ? columns.votes : torch::Tensor()};
}

Split load_split(const std::filesystem::path& folder, const Manifest& manifest, const std::string& name) {
  const auto memory = torch::empty({split_bytes(manifest, name)}, torch::kUInt8);
  read_split(folder, manifest, name, memory, /*part=*/0, /*parts=*/1);
  return split_in(manifest, name, memory);
}

Targets load_targets(const std::filesystem::path& folder, const Manifest& manifest, const std::string& name, int part,
                     int parts) {
  const SplitEntry& entry = manifest.split(name);
  const auto labels = torch::empty({entry.samples}, torch::kUInt8);
  const auto votes = torch::empty({entry.samples, votes_of(manifest, entry)}, torch::kUInt8);
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < entry.shards.size(); ++i) {
    const ShardEntry& shard = entry.shards[i];
    const std::int64_t end = begin + shard.rows;
    report_progress();
    if (static_cast<int>(i) % parts == part) check_shard(folder, shard);
    read_shard_labels(folder, shard, span_of<std::uint8_t>(labels.slice(0, begin, end)),
                      span_of<std::uint8_t>(votes.slice(0, begin, end)));
    require_labels_in_range(labels.slice(0, begin, end), static_cast<std::int64_t>(manifest.classes.size()),
                            shard.file);
    begin = end;
  }
  return {labels.to(torch::kInt64), entry.voted ? votes : torch::Tensor()};
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

bool hdf5_is_thread_safe() {
  hbool_t thread_safe = false;
  require(H5is_library_threadsafe(&thread_safe) >= 0, "HDF5 does not say whether threads may use it");
  return thread_safe;
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
