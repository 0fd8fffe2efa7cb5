#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <filesystem>

#include "apps/run_app.h"
#include "artifacts/gallery.h"
#include "base/atomic_file.h"
#include "base/progress_bar.h"
#include "base/text.h"
#include "base/text_table.h"
#include "cli/dataset_options.h"
#include "comm/placement.h"
#include "data/dataset.h"
#include "data/dataset_writer.h"
#include "data/import/open_source.h"
#include "data/near_duplicate_file.h"
#include "data/near_duplicates.h"
#include "data/synthesis.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

/// What was noticed about the pictures; nothing if nothing was.
std::string describe_passport(const Passport& passport) {
  constexpr std::size_t kSkippedShown = 5;
  std::string text;
  if (!passport.duplicates.empty()) {
    std::size_t pictures = 0, across = 0;
    for (const auto& group : passport.duplicates) {
      pictures += group.size();
      across += group.front().split != group.back().split;
    }
    text += fmt::format("  {} pictures are there more than once: {} groups of equal ones, {} of them across splits\n",
                        pictures, passport.duplicates.size(), across);
  }
  if (!passport.constant.empty())
    text += fmt::format("  {} pictures are of one grey value, the first in '{}' row {}\n", passport.constant.size(),
                        passport.constant[0].split, passport.constant[0].row);
  if (!passport.skipped.empty()) text += fmt::format("  {} were left out:\n", passport.skipped.size());
  for (std::size_t i = 0; i < std::min(passport.skipped.size(), kSkippedShown); ++i)
    text += fmt::format("    {}\n", passport.skipped[i]);
  if (passport.skipped.size() > kSkippedShown) text += "    ... all are in dataset.json\n";
  return text;
}

/// A table of splits and classes, as `inspect` prints it.
std::string describe(const Manifest& manifest) {
  std::vector<std::vector<std::string>> rows = {{"split"}};
  rows[0].insert(rows[0].end(), manifest.classes.begin(), manifest.classes.end());
  rows[0].insert(rows[0].end(), {"samples", "shards"});
  for (const auto& [name, split] : manifest.splits) {
    auto& row = rows.emplace_back(std::vector{name});
    for (std::size_t c = 0; c < manifest.classes.size(); ++c)
      row.push_back(split.labelled ? std::to_string(split.class_counts[c]) : "?");
    row.insert(row.end(), {std::to_string(split.samples), std::to_string(split.shards.size())});
    if (split.voted) row.emplace_back("with votes");
  }
  auto text = fmt::format("dataset {}: {}x{} pixels, digest {}\n\n", manifest.name, manifest.height, manifest.width,
                          manifest.digest());
  for (const auto& line : aligned_rows(rows)) text += fmt::format("  {}\n", line);
  return text + describe_passport(manifest.passport);
}

std::unique_ptr<SampleSource> open(const DatasetOptions& options, int threads) {
  if (options.verb == "synth") return std::make_unique<Synthesis>(options.synthesis);
  if (options.verb == "split") return std::make_unique<Resplit>(options.folder(), options.resplit);
  auto config = options.imported;
  config.threads = threads;
  auto source = open_source(config);
  if (const auto refused = source->refused(); !refused.empty() && !options.skip_bad_samples)
    fail(ExitCode::kBadInput,
         refused.front() + (refused.size() > 1 ? fmt::format(" So are {} more rows; --on-error skip leaves "
                                                             "such rows out.",
                                                             refused.size() - 1)
                                               : ""));
  return source;
}

void make_dataset(const DatasetOptions& options, MpiCommunicator& host) {
  const int threads = options.threads > 0 ? options.threads : default_threads(host);
  std::unique_ptr<SampleSource> source;
  std::int64_t samples = 0;
  agree(host, [&] {
    source = open(options, threads);
    for (const auto& split : source->splits()) samples += split.rows;
    const auto rows = samples + source->left_out() + static_cast<std::int64_t>(source->refused().size());
    require(options.expect_rows == 0 || options.expect_rows == rows, ExitCode::kBadInput,
            fmt::format("'{}' has {} rows, but --expect-rows says {}.", join(options.imported.paths), rows,
                        options.expect_rows));
  });
  if (const auto description = source->description(); !description.empty()) spdlog::info("reading {}", description);
  ProgressBar bar(options.verb, samples / host.world_size(), "img",
                  host.rank() == 0 && !options.quiet && output_is_terminal());
  const auto manifest = write_dataset(
      host, *source, {options.out, folder_name(options.out), options.shards, threads, options.skip_bad_samples},
      [&](std::int64_t done) { bar.show(done); });
  spdlog::info("{}", describe(manifest));
  spdlog::info("written to {}", options.out);
}

/// A few samples of each class, spread over the split, for the gallery.
void add_samples(Gallery& gallery, const Split& split, std::size_t most_per_class) {
  const auto size = static_cast<std::size_t>(gallery.height * gallery.width);
  std::vector<std::size_t> seen(gallery.rows.size());
  const auto counts = torch::bincount(split.labels, {}, static_cast<std::int64_t>(gallery.rows.size()));
  for (std::int64_t i = 0; i < split.size(); ++i) {
    const auto label = split.labels[i].item<std::int64_t>();
    auto& row = gallery.rows.at(static_cast<std::size_t>(label));
    const auto stride =
        std::max<std::size_t>(static_cast<std::size_t>(counts[label].item<std::int64_t>()) / most_per_class, 1);
    if (seen[static_cast<std::size_t>(label)]++ % stride != 0 || row.pictures.size() == most_per_class) continue;
    const auto* pixels = split.images.const_data_ptr<std::uint8_t>() + static_cast<std::size_t>(i) * size;
    row.pictures.emplace_back(pixels, pixels + size);
  }
}

void draw_gallery(const DatasetOptions& options, const Manifest& manifest) {
  constexpr std::size_t kSamplesPerClass = 24;
  Gallery gallery{"Dataset " + manifest.name, manifest.height, manifest.width, {}, {}, {}, {}};
  for (const auto& name : manifest.classes) gallery.rows.push_back({name, {}, {}});
  for (const auto& [name, entry] : manifest.splits) {
    if (!entry.labelled) continue;
    gallery.splits.push_back(name);
    for (std::size_t c = 0; c < manifest.classes.size(); ++c) gallery.rows[c].counts.push_back(entry.class_counts[c]);
  }
  require(!gallery.splits.empty(), ExitCode::kBadInput, "the dataset has no labelled split to show.");
  const bool has_train = std::ranges::find(gallery.splits, "train") != gallery.splits.end();
  const auto shown = has_train ? "train" : gallery.splits.front();
  add_samples(gallery, load_split(options.folder(), manifest, shown), kSamplesPerClass);
  write_gallery(options.gallery, gallery);
  spdlog::info("gallery: {}", options.gallery);
}

/// Looks through all splits together, since the worst duplicates lie across them.
void look_for_near_duplicates(const DatasetOptions& options, const Manifest& manifest, int threads) {
  std::vector<std::uint8_t> pictures;
  std::vector<SampleRef> samples;
  for (const auto& [name, entry] : manifest.splits) {
    const Split split = load_split(options.folder(), manifest, name);
    const auto* pixels = split.images.const_data_ptr<std::uint8_t>();
    pictures.insert(pictures.end(), pixels, pixels + split.images.numel());
    for (std::int64_t row = 0; row < split.size(); ++row) samples.push_back({name, row});
  }
  std::vector<std::vector<SampleRef>> groups;
  std::size_t across = 0;
  for (const auto& indices : find_near_duplicates(pictures, manifest.height, manifest.width, threads)) {
    auto& group = groups.emplace_back();
    for (const auto i : indices) group.push_back(samples[static_cast<std::size_t>(i)]);
    across += group.front().split != group.back().split;
  }
  write_near_duplicates(options.folder(), manifest.digest(), groups);
  spdlog::info("  {} groups of equal or nearly equal pictures, {} of them across splits: {}", groups.size(), across,
               (fs::path(options.folder()) / kNearDuplicateFile).string());
}

void inspect(const DatasetOptions& options, int threads) {
  const Manifest manifest = read_manifest(options.folder());
  spdlog::info("{}", describe(manifest));
  if (options.near) look_for_near_duplicates(options, manifest, threads);
  if (!options.gallery.empty()) draw_gallery(options, manifest);
}

void verify(const DatasetOptions& options) {
  verify_dataset(options.folder());
  spdlog::info("{}", describe(read_manifest(options.folder())));
  spdlog::info("verified: every byte is as it was written");
}

void write_csv(const DatasetOptions& options) {
  std::int64_t rows = 0;
  for (const auto& [name, split] : read_manifest(options.folder()).splits)
    if (split.labelled) rows += split.samples * (name == "train" ? options.exported.copies : 1);
  ProgressBar bar("export", rows, "img", !options.quiet && output_is_terminal());
  export_csv(options.folder(), options.out, options.exported, [&](std::int64_t done) { bar.show(done); });
  spdlog::info("{} rows written to {}", rows, options.out);
}

ExitCode run(const DatasetOptions& options, MpiCommunicator& host) {
  if (options.verb == "import" || options.verb == "synth" || options.verb == "split") {
    make_dataset(options, host);
    return ExitCode::kOk;
  }
  const int threads = options.threads > 0 ? options.threads : default_threads(host);
  agree(host, [&] {
    if (host.rank() != 0) return;
    if (options.verb == "inspect") inspect(options, threads);
    if (options.verb == "verify") verify(options);
    if (options.verb == "export") write_csv(options);
  });
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("fer_dataset", argc, argv, parse_dataset_options, run);
}
