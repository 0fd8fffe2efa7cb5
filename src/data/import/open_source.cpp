#include "data/import/open_source.h"

#include <fmt/format.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/text.h"
#include "data/import/face_csv.h"
#include "data/import/image_tree.h"
#include "data/import/joined_source.h"
#include "data/import/resized_source.h"
#include "data/import/triples.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<SampleSource> open_file(const ImportConfig& config, const fs::path& path,
                                        std::optional<FerPlus> fer_plus) {
  const TextFile text(path);  // says so if it is no text
  require(!FerPlus::recognises(path), ExitCode::kBadInput,
          fmt::format("'{}' holds FER+ labels: name it right after the CSV file of FER2013 that they are for.",
                      path.string()));
  require(FaceTable::recognises(path), ExitCode::kBadInput,
          fmt::format("'{}' is no CSV file of faces: its first line must name a column 'pixels', as in "
                      "emotion,pixels,Usage.",
                      path.string()));
  return FaceCsv::from_file(path, config.classes, config.threads, std::move(fer_plus));
}

std::unique_ptr<SampleSource> open_folder(const ImportConfig& config, const fs::path& path) {
  std::vector<std::string> shapes;
  if (Triples::recognises(path)) shapes.emplace_back("headerless CSV files");
  if (FaceCsv::recognises_folder(path)) shapes.emplace_back("Kaggle's train.csv");
  if (ImageTree::recognises(path)) shapes.emplace_back("image files");
  require(!shapes.empty(), ExitCode::kBadInput,
          fmt::format("'{}' is in no shape that can be imported. It may hold train_data.csv and train_target.csv; "
                      "Kaggle's train.csv and test.csv; or folders of JPEG or PNG files, one per class. A single CSV "
                      "file is named itself.",
                      path.string()));
  require(
      shapes.size() == 1, ExitCode::kBadInput,
      fmt::format("'{}' holds {}: import one of them from a folder of its own.", path.string(), join(shapes, " and ")));
  if (Triples::recognises(path)) return std::make_unique<Triples>(path, config.classes, config.threads);
  if (FaceCsv::recognises_folder(path)) return FaceCsv::from_folder(path, config.classes, config.threads);
  return std::make_unique<ImageTree>(path, config.classes, config.size);
}

std::unique_ptr<SampleSource> in_size(std::unique_ptr<SampleSource> source, std::int64_t size) {
  if (size == 0 || (source->height() == size && source->width() == size)) return source;
  return std::make_unique<ResizedSource>(std::move(source), size);
}

}  // namespace

std::unique_ptr<SampleSource> open_source(const ImportConfig& config) {
  for (const auto& path : config.paths)
    require(path_exists(path), ExitCode::kBadInput, fmt::format("'{}' does not exist.", path));
  std::vector<JoinedSource::Named> sources;
  bool has_votes = false;
  for (auto path = config.paths.begin(); path != config.paths.end(); ++path) {
    const std::string name = *path;
    std::unique_ptr<SampleSource> source;
    if (fs::is_directory(name)) {
      source = open_folder(config, name);
    } else {
      const auto next = std::next(path);
      std::optional<FerPlus> fer_plus;
      if (next != config.paths.end() && !fs::is_directory(*next) && FerPlus::recognises(*next)) {
        fer_plus.emplace(*next, config.vote_rule, config.threads);
        path = next;
        has_votes = true;
      }
      source = open_file(config, name, std::move(fer_plus));
    }
    sources.push_back({name, in_size(std::move(source), config.size)});
  }
  require(has_votes || config.vote_rule == VoteRule::kMajority, ExitCode::kUsage,
          "--votes soft wants FER+ votes: name fer2013new.csv after the CSV file of FER2013.");
  if (sources.size() == 1) return std::move(sources.front().source);
  return std::make_unique<JoinedSource>(std::move(sources));
}

}  // namespace fer
