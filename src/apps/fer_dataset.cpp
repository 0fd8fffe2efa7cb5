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
#include "data/import/triples.h"
#include "data/synthesis.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

std::string dataset_name(const fs::path& folder) {
  return fs::absolute(folder).lexically_normal().filename().string();
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
  return text;
}

std::unique_ptr<SampleSource> open_source(const DatasetOptions& options) {
  if (options.verb == "synth") return std::make_unique<Synthesis>(options.synthesis);
  const fs::path folder = options.folder;
  require(path_exists(folder), ExitCode::kBadInput, fmt::format("'{}' does not exist.", folder.string()));
  require(Triples::recognises(folder), ExitCode::kBadInput,
          fmt::format("'{}' is in no shape that can be imported: it must hold train_data.csv and train_target.csv, and "
                      "may hold test_data.csv and test_target.csv.",
                      folder.string()));
  return std::make_unique<Triples>(folder, options.classes);
}

void make_dataset(const DatasetOptions& options, MpiCommunicator& host) {
  std::unique_ptr<SampleSource> source;
  std::int64_t samples = 0;
  agree(host, [&] {
    source = open_source(options);
    for (const auto& split : source->splits()) samples += split.rows;
    require(options.expect_rows == 0 || options.expect_rows == samples, ExitCode::kBadInput,
            fmt::format("'{}' has {} rows, but --expect-rows says {}.", options.folder, samples, options.expect_rows));
  });
  const int threads = options.threads > 0 ? options.threads : default_threads(host);
  ProgressBar bar(options.verb, samples / host.world_size(), "img",
                  host.rank() == 0 && !options.quiet && output_is_terminal());
  const auto manifest = write_dataset(host, *source, {options.out, dataset_name(options.out), options.shards, threads},
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
