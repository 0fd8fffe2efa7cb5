#include "data/dataset_writer.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/parallel.h"
#include "comm/agreement.h"
#include "data/dataset.h"
#include "data/shard.h"

namespace fer {
namespace {

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
  UnorderedDigest content;
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
  ShardJob(const SampleSource& source, const DatasetWriterConfig& config,
           const std::function<void(std::int64_t)>& progress)
      : source_(source), config_(config), progress_(progress) {}

  ShardResult write(const ShardTask& task) {
    const auto& shape = source_.splits()[task.split];
    ShardResult result;
    if (shape.labelled) result.class_counts.assign(source_.classes().size(), 0);
    ShardWriter writer(config_.out / task.file, task.rows, source_.height(), source_.width(), shape.labelled);
    Sample sample;
    for (std::int64_t row = task.first_row; row < task.first_row + task.rows; ++row) {
      source_.read(task.split, row, sample);
      writer.append(sample);
      if (sample.label) ++result.class_counts.at(*sample.label);
      result.content.add(sample_digest(sample.pixels.data(), sample.pixels.size(),
                                       sample.label ? source_.classes().at(*sample.label) : ""));
      report_progress();
    }
    result.entry = writer.finish();
    return result;
  }

 private:
  void report_progress() {
    const auto done = ++samples_;
    if (done % 256 != 0) return;
    const std::lock_guard lock(progress_mutex_);
    progress_(done);
  }

  const SampleSource& source_;
  const DatasetWriterConfig& config_;
  const std::function<void(std::int64_t)>& progress_;
  std::atomic<std::int64_t> samples_ = 0;
  std::mutex progress_mutex_;
};

/// Writes the tasks with `config.threads` threads; the first failure stops the others at their next shard.
std::vector<ShardResult> write_shards(const SampleSource& source, const DatasetWriterConfig& config,
                                      const std::vector<ShardTask>& tasks,
                                      const std::function<void(std::int64_t)>& progress) {
  std::vector<ShardResult> results(tasks.size());
  ShardJob job(source, config, progress);
  hbool_t thread_safe = false;
  H5is_library_threadsafe(&thread_safe);
  for_each_index(static_cast<std::int64_t>(tasks.size()), thread_safe ? config.threads : 1, [&](std::int64_t i) {
    results[static_cast<std::size_t>(i)] = job.write(tasks[static_cast<std::size_t>(i)]);
  });
  return results;
}

/// What the other ranks need to know of a rank's shards, as text.
std::string to_text(const std::vector<ShardResult>& results) {
  auto rows = nlohmann::json::array();
  for (const auto& result : results) {
    const Digest content = result.content.value();
    rows.push_back(
        {result.entry.file, result.entry.rows, result.entry.digest, result.class_counts, content.high, content.low});
  }
  return rows.dump();
}

void add_to(SplitEntry& split, UnorderedDigest& content, const nlohmann::json& row) {
  split.shards.push_back({row[0].get<std::string>(), row[1].get<std::int64_t>(), row[2].get<std::string>()});
  split.samples += row[1].get<std::int64_t>();
  const auto counts = row[3].get<std::vector<std::int64_t>>();
  split.class_counts.resize(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) split.class_counts[i] += counts[i];
  content.add(Digest{row[4].get<std::uint64_t>(), row[5].get<std::uint64_t>()});
}

/// Puts the ranks' shards, which were dealt like cards, back into row order.
Manifest assemble(const SampleSource& source, const DatasetWriterConfig& config, const std::vector<ShardTask>& tasks,
                  const std::vector<std::string>& texts) {
  Manifest manifest{config.name, source.height(), source.width(), source.classes(), {}};
  std::vector<nlohmann::json> by_rank;
  for (const auto& text : texts) by_rank.push_back(nlohmann::json::parse(text));
  std::vector<UnorderedDigest> contents(source.splits().size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto& shape = source.splits()[tasks[i].split];
    SplitEntry& split = manifest.splits[shape.name];
    split.labelled = shape.labelled;
    add_to(split, contents[tasks[i].split], by_rank[i % texts.size()].at(i / texts.size()));
  }
  for (std::size_t i = 0; i < contents.size(); ++i)
    manifest.splits[source.splits()[i].name].content_digest = contents[i].value().text();
  return manifest;
}

/// Takes back what a failed attempt has written; the folder too, if nothing else is in it.
void remove_shards(const std::filesystem::path& folder, const std::vector<ShardTask>& tasks) {
  std::error_code ignored;
  for (const auto& task : tasks) std::filesystem::remove(folder / task.file, ignored);
  std::filesystem::remove(folder, ignored);
}

}  // namespace

Manifest write_dataset(Communicator& communicator, const SampleSource& source, const DatasetWriterConfig& config,
                       const std::function<void(std::int64_t)>& progress) {
  const auto tasks = plan_shards(source, config.shards);
  std::vector<ShardTask> own;
  for (auto i = static_cast<std::size_t>(communicator.rank()); i < tasks.size();
       i += static_cast<std::size_t>(communicator.world_size()))
    own.push_back(tasks[i]);

  agree(communicator, [&] {
    require(!path_exists(config.out / kManifestFile), ExitCode::kUsage,
            fmt::format("'{}' already holds a dataset: remove it or choose another --out.", config.out.string()));
    make_writable_folder(config.out);
  });
  try {
    std::vector<ShardResult> results;
    agree(communicator, [&] { results = write_shards(source, config, own, progress); });
    auto manifest = assemble(source, config, tasks, all_gather_text(communicator, to_text(results)));
    agree(communicator, [&] {
      if (communicator.rank() == 0) write_manifest(config.out, manifest);
    });
    return manifest;
  } catch (const AgreedError&) {
    remove_shards(config.out, own);
    throw;
  }
}

}  // namespace fer
