#include "data/dataset_writer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>

#include "base/atomic_file.h"
#include "base/json_text.h"
#include "base/parallel.h"
#include "base/text.h"
#include "comm/agreement.h"
#include "comm/folder_hold.h"
#include "data/dataset.h"
#include "data/duplicates.h"
#include "data/shard.h"

namespace fer {
namespace {

constexpr std::int64_t kRowsBetweenLooks = 64;  // for whether others have given up

/// A contiguous range of a split's rows, to be written by one thread.
struct ShardTask {
  std::size_t split = 0;
  std::string file;
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
};

struct ShardResult {
  ShardEntry entry;
  std::vector<std::int64_t> class_counts;
  std::vector<std::int64_t> histogram = std::vector<std::int64_t>(256);
  UnorderedDigest content;
  std::vector<Digest> pictures;  // row by row, of the pixels alone
  std::vector<std::int64_t> constant;
  std::vector<std::string> skipped;
};

std::vector<ShardTask> plan_shards(const SampleSource& source, std::int64_t shards_wanted) {
  std::vector<ShardTask> tasks;
  for (std::size_t split = 0; split < source.splits().size(); ++split) {
    const auto& shape = source.splits()[split];
    const auto shards = std::clamp<std::int64_t>(shards_wanted, 1, std::max<std::int64_t>(shape.rows, 1));
    for (std::int64_t i = 0; i < shards; ++i) {
      const auto first = shape.rows * i / shards;
      const auto last = shape.rows * (i + 1) / shards;
      tasks.push_back({split, fmt::format("{}-{:05}-of-{:05}.h5", shape.name, i, shards), first, last - first});
    }
  }
  return tasks;
}

class ShardJob {
 public:
  /// @param given_up  where whoever fails leaves a note to all others, of this process and of other ranks
  ShardJob(const SampleSource& source, const DatasetWriterConfig& config, std::filesystem::path given_up,
           const std::function<void(std::int64_t)>& progress)
      : source_(source), config_(config), given_up_(std::move(given_up)), progress_(progress) {}

  ShardResult write_or_give_up(const ShardTask& task) {
    try {
      return write(task);
    } catch (...) {
      std::ofstream note(given_up_);
      throw;
    }
  }

 private:
  ShardResult write(const ShardTask& task) {
    const auto& shape = source_.splits()[task.split];
    ShardResult result;
    if (shape.labelled) result.class_counts.assign(source_.classes().size(), 0);
    const auto votes = shape.voted ? static_cast<std::int64_t>(source_.classes().size()) : 0;
    ShardWriter writer(config_.out / task.file, {task.rows, source_.height(), source_.width(), shape.labelled, votes});
    Sample sample;
    for (std::int64_t row = task.first_row; row < task.first_row + task.rows; ++row) {
      if (row % kRowsBetweenLooks == 0 && path_exists(given_up_)) return result;
      if (read(task.split, row, sample, result)) {
        writer.append(sample);
        note(sample, result);
      }
      report_progress();
    }
    result.entry = writer.finish();
    return result;
  }

  /// @return whether there is a sample; a bad one may be skipped.
  bool read(std::size_t split, std::int64_t row, Sample& sample, ShardResult& result) const {
    try {
      sample.votes.clear();
      source_.read(split, row, sample);
      if (source_.splits()[split].voted && sample.votes.empty()) vote_for_label(sample);
      return true;
    } catch (const Error& error) {
      if (!config_.skip_bad_samples || error.code() != ExitCode::kBadInput) throw;
      result.skipped.emplace_back(error.what());
      return false;
    }
  }

  void vote_for_label(Sample& sample) const {
    sample.votes.resize(source_.classes().size());
    sample.votes.at(*sample.label) = 1;
  }

  void note(const Sample& sample, ShardResult& result) const {
    if (sample.label) ++result.class_counts.at(*sample.label);
    const auto& pixels = sample.pixels;
    for (const auto value : pixels) ++result.histogram[value];
    if (std::ranges::all_of(pixels, [&](auto value) { return value == pixels[0]; }))
      result.constant.push_back(static_cast<std::int64_t>(result.pictures.size()));
    result.pictures.push_back(digest_of(pixels.data(), pixels.size()));
    result.content.add(
        sample_digest(pixels.data(), pixels.size(), sample.label ? source_.classes().at(*sample.label) : ""));
  }

  void report_progress() {
    const auto done = ++samples_;
    if (done % 256 != 0) return;
    const std::lock_guard lock(progress_mutex_);
    progress_(done);
  }

  const SampleSource& source_;
  const DatasetWriterConfig& config_;
  std::filesystem::path given_up_;
  const std::function<void(std::int64_t)>& progress_;
  std::atomic<std::int64_t> samples_ = 0;
  std::mutex progress_mutex_;
};

/// Writes the tasks with `config.threads` threads; the first failure, on any rank, stops the others.
std::vector<ShardResult> write_shards(const SampleSource& source, const DatasetWriterConfig& config,
                                      const std::vector<ShardTask>& tasks, const std::filesystem::path& given_up,
                                      const std::function<void(std::int64_t)>& progress) {
  std::vector<ShardResult> results(tasks.size());
  ShardJob job(source, config, given_up, progress);
  for_each_index(static_cast<std::int64_t>(tasks.size()), hdf5_is_thread_safe() ? config.threads : 1,
                 [&](std::int64_t i) {
                   const auto task = static_cast<std::size_t>(i);
                   results[task] = job.write_or_give_up(tasks[task]);
                 });
  return results;
}

/// What the other ranks need to know of a rank's shards, but for the pictures' digests, as text.
std::string to_text(const std::vector<ShardResult>& results) {
  auto rows = nlohmann::json::array();
  for (const auto& result : results) {
    const Digest content = result.content.value();
    rows.push_back({{"file", result.entry.file},
                    {"rows", result.entry.rows},
                    {"digest", result.entry.digest},
                    {"class_counts", result.class_counts},
                    {"histogram", result.histogram},
                    {"content", {content.high, content.low}},
                    {"constant", result.constant},
                    {"skipped", result.skipped}});
  }
  return json_text(rows);
}

ShardResult from_json(const nlohmann::json& row) {
  ShardResult result;
  result.entry = {row["file"].get<std::string>(), row["rows"].get<std::int64_t>(), row["digest"].get<std::string>()};
  result.class_counts = row["class_counts"].get<std::vector<std::int64_t>>();
  result.histogram = row["histogram"].get<std::vector<std::int64_t>>();
  result.content.add(Digest{row["content"][0].get<std::uint64_t>(), row["content"][1].get<std::uint64_t>()});
  result.constant = row["constant"].get<std::vector<std::int64_t>>();
  result.skipped = row["skipped"].get<std::vector<std::string>>();
  return result;
}

/// The digests of all pictures of a rank's shards, one after the other, as bytes.
std::string picture_bytes(const std::vector<ShardResult>& results) {
  std::string bytes;
  for (const auto& result : results)
    bytes.append(reinterpret_cast<const char*>(result.pictures.data()), result.pictures.size() * sizeof(Digest));
  return bytes;
}

/// Every rank's results, in the order of `tasks`, which were dealt like cards. Collective.
std::vector<ShardResult> exchange(Communicator& communicator, std::size_t tasks, std::vector<ShardResult> results) {
  const auto texts = all_gather_text(communicator, to_text(results));
  const auto pictures = all_gather_text(communicator, picture_bytes(results));
  results.clear();
  std::vector<nlohmann::json> by_rank;
  for (const auto& text : texts) by_rank.push_back(nlohmann::json::parse(text));
  std::vector<std::size_t> taken(texts.size(), 0);  // bytes of each rank's digests
  std::vector<ShardResult> all;
  for (std::size_t i = 0; i < tasks; ++i) {
    const auto rank = i % texts.size();
    ShardResult result = from_json(by_rank[rank].at(i / texts.size()));
    result.pictures.resize(static_cast<std::size_t>(result.entry.rows));
    const auto bytes = result.pictures.size() * sizeof(Digest);
    if (bytes > 0) std::memcpy(result.pictures.data(), pictures[rank].data() + taken[rank], bytes);
    taken[rank] += bytes;
    all.push_back(std::move(result));
  }
  return all;
}

void add_counts(std::vector<std::int64_t>& sum, const std::vector<std::int64_t>& counts) {
  sum.resize(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) sum[i] += counts[i];
}

Manifest assemble(const SampleSource& source, const DatasetWriterConfig& config, const std::vector<ShardTask>& tasks,
                  std::vector<ShardResult> results) {
  Manifest manifest{config.name, source.height(), source.width(), source.classes(), {}, source.submission_header(), {}};
  manifest.passport.skipped = source.refused();
  std::map<std::string, UnorderedDigest> contents;
  DuplicateFinder duplicates;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const ShardResult result = std::move(results[i]);
    const auto& shape = source.splits()[tasks[i].split];
    SplitEntry& split = manifest.splits[shape.name];
    split.labelled = shape.labelled;
    split.voted = shape.voted;
    for (std::size_t row = 0; row < result.pictures.size(); ++row)
      duplicates.add(result.pictures[row], {shape.name, split.samples + static_cast<std::int64_t>(row)});
    for (const auto row : result.constant) manifest.passport.constant.push_back({shape.name, split.samples + row});
    manifest.passport.skipped.insert(manifest.passport.skipped.end(), result.skipped.begin(), result.skipped.end());
    split.samples += result.entry.rows;
    split.shards.push_back(result.entry);
    add_counts(split.class_counts, result.class_counts);
    add_counts(split.histogram, result.histogram);
    contents[shape.name].add(result.content);
  }
  for (const auto& [name, content] : contents) manifest.splits[name].content_digest = content.value().text();
  std::ranges::sort(manifest.passport.constant);
  manifest.passport.duplicates = duplicates.take_groups();
  return manifest;
}

/// Removes what an import that was killed has left in a folder that holds no dataset yet.
void remove_left_overs(const std::filesystem::path& folder) {
  static const std::regex kPattern(
      R"(\.?[a-z_]+-\d{5}-of-\d{5}\.h5(\.\d+\.tmp)?|\.[\d-]+\.given-up|\.dataset\.json\.\d+\.tmp)");
  std::vector<std::filesystem::path> left_over;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (std::regex_match(entry.path().filename().string(), kPattern)) left_over.push_back(entry.path());
  for (const auto& path : left_over) std::filesystem::remove(path);
}

/// Takes back what a failed attempt has written.
void remove_shards(const std::filesystem::path& folder, const std::vector<ShardTask>& tasks) {
  std::error_code ignored;
  for (const auto& task : tasks) std::filesystem::remove(folder / task.file, ignored);
}

/// Of this attempt alone: other hosts may see for a while yet what an earlier one has left. Collective.
std::filesystem::path note_of_giving_up(Communicator& communicator, const std::filesystem::path& folder) {
  const auto attempt = fmt::format("{}-{}", utc_stamp(), ::getpid());
  return folder / fmt::format(".{}.given-up", broadcast_text(communicator, attempt, /*root=*/0));
}

}  // namespace

Manifest write_dataset(Communicator& communicator, const SampleSource& source, const DatasetWriterConfig& config,
                       const std::function<void(std::int64_t)>& progress) {
  const auto tasks = plan_shards(source, config.shards);
  std::vector<ShardTask> own;
  for (auto i = static_cast<std::size_t>(communicator.rank()); i < tasks.size();
       i += static_cast<std::size_t>(communicator.world_size()))
    own.push_back(tasks[i]);

  std::optional<FolderHold> hold;  // which takes away the folder that it has made if nothing comes of it
  agree(communicator, [&] {
    if (communicator.rank() == 0) hold.emplace(config.out, "is writing a dataset to", std::chrono::seconds(0));
  });
  agree(communicator, [&] {
    require(!path_exists(config.out / kManifestFile), ExitCode::kUsage,
            fmt::format("'{}' already holds a dataset: remove it or choose another --out.", config.out.string()));
    make_writable_folder(config.out);
  });
  agree(communicator, [&] {
    if (communicator.rank() == 0) remove_left_overs(config.out);
  });
  const auto given_up = note_of_giving_up(communicator, config.out);
  try {
    std::vector<ShardResult> results;
    agree(communicator, [&] { results = write_shards(source, config, own, given_up, progress); });
    auto manifest = assemble(source, config, tasks, exchange(communicator, tasks.size(), std::move(results)));
    agree(communicator, [&] {
      if (communicator.rank() == 0) write_manifest(config.out, manifest);
    });
    return manifest;
  } catch (const AgreedError&) {
    remove_shards(config.out, own);
    true_everywhere(communicator, true);  // once all have taken back theirs the folder may go
    std::error_code ignored;
    if (communicator.rank() == 0) std::filesystem::remove(given_up, ignored);
    throw;
  }
}

}  // namespace fer
