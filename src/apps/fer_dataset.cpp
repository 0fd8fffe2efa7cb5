#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>

#include "apps/run_app.h"
#include "base/atomic_file.h"
#include "base/progress_bar.h"
#include "base/text.h"
#include "cli/dataset_options.h"
#include "comm/placement.h"
#include "data/dataset.h"
#include "data/dataset_writer.h"
#include "data/import/open_source.h"
#include "data/synthesis.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

std::string dataset_name(const fs::path& folder) {
  return fs::absolute(folder).lexically_normal().filename().string();
}

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
  auto text = fmt::format("dataset {}: {}x{} pixels, digest {}\n\n  {:<14}", manifest.name, manifest.height,
                          manifest.width, manifest.digest(), "split");
  for (const auto& name : manifest.classes) text += fmt::format("{:>10}", name);
  text += fmt::format("{:>10}{:>8}\n", "samples", "shards");
  for (const auto& [name, split] : manifest.splits) {
    text += fmt::format("  {:<14}", name);
    for (std::size_t c = 0; c < manifest.classes.size(); ++c)
      text += split.labelled ? fmt::format("{:>10}", split.class_counts[c]) : fmt::format("{:>10}", "?");
    text += fmt::format("{:>10}{:>8}\n", split.samples, split.shards.size());
  }
  return text + describe_passport(manifest.passport);
}

std::unique_ptr<SampleSource> open(const DatasetOptions& options, int threads) {
  if (options.verb == "synth") return std::make_unique<Synthesis>(options.synthesis);
  auto source = open_source(options.folder, options.classes, options.size, threads);
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
    require(options.expect_rows == 0 || options.expect_rows == samples, ExitCode::kBadInput,
            fmt::format("'{}' has {} rows, but --expect-rows says {}.", options.folder, samples, options.expect_rows));
  });
  if (const auto description = source->description(); !description.empty()) spdlog::info("reading {}", description);
  ProgressBar bar(options.verb, samples / host.world_size(), "img",
                  host.rank() == 0 && !options.quiet && output_is_terminal());
  const auto manifest = write_dataset(
      host, *source, {options.out, dataset_name(options.out), options.shards, threads, options.skip_bad_samples},
      [&](std::int64_t done) { bar.show(done); });
  spdlog::info("{}", describe(manifest));
  spdlog::info("written to {}", options.out);
}

ExitCode run(const DatasetOptions& options, MpiCommunicator& host) {
  if (options.verb == "import" || options.verb == "synth") {
    make_dataset(options, host);
    return ExitCode::kOk;
  }
  agree(host, [&] {
    if (host.rank() != 0) return;
    const Manifest manifest = read_manifest(options.folder);
    if (options.verb == "verify") verify_dataset(options.folder);
    spdlog::info("{}", describe(manifest));
    if (options.verb == "verify") spdlog::info("verified: every byte is as it was written");
  });
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("fer_dataset", argc, argv, parse_dataset_options, run);
}
