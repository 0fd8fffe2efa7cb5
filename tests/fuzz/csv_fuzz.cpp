// Imports CSV files of each shape that fer_dataset import knows. The first byte tells which, form feeds part the files.
#include <algorithm>

#include "base/text.h"
#include "data/import/open_source.h"
#include "fuzz/fuzzing.h"

namespace {

using namespace fer;

/// Writes the files of an import; those that have no part are not there.
void write_files(const TemporaryFolder& folder, const std::vector<std::string>& names,
                 const std::vector<std::string>& parts) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::filesystem::remove(folder / names[i]);
    if (i < parts.size()) write_text(folder / names[i], parts[i]);
  }
}

ImportConfig import_of(char shape, const std::vector<std::string>& parts) {
  static const TemporaryFolder files, triples, kaggle;
  if (shape == 't') {
    write_files(triples, {"train_data.csv", "train_target.csv", "test_data.csv", "test_target.csv"}, parts);
    return {.paths = {triples.path()}};
  }
  if (shape == 'k') {
    write_files(kaggle, {"train.csv", "test.csv", "test_labels.csv", "submission.csv"}, parts);
    return {.paths = {kaggle.path()}};
  }
  write_files(files, {"faces.csv", "fer_plus.csv"}, parts);
  ImportConfig config{.paths = {files / "faces.csv"}};
  if (shape == 'v' || shape == 's') config.paths.push_back(files / "fer_plus.csv");
  if (shape == 's') config.vote_rule = VoteRule::kSoft;
  if (shape == 'r') config.size = 3;
  return config;
}

void check_sample(const SampleSource& source, const SampleSource::SplitShape& split, const Sample& sample) {
  const auto classes = source.classes().size();
  require(static_cast<std::int64_t>(sample.pixels.size()) == source.height() * source.width(), "another size");
  require(sample.label.has_value() == split.labelled, "a split of samples with and without labels");
  require(!sample.label || *sample.label < classes, "a label without a class");
  require(sample.votes.empty() || (split.voted && sample.votes.size() == classes), "votes for other classes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto config = import_of(static_cast<char>(data[0]), split_text(text_of(data + 1, size - 1), '\f'));
  std::unique_ptr<SampleSource> source;
  if (!is_read([&] { source = open_source(config); })) return 0;
  require(source->height() > 0 && source->width() > 0, "pictures without pixels");
  for (std::size_t split = 0; split < source->splits().size(); ++split) {
    const auto& shape = source->splits()[split];
    for (std::int64_t row = 0; row < shape.rows; ++row) {
      Sample sample;
      if (is_read([&] { source->read(split, row, sample); })) check_sample(*source, shape, sample);
    }
  }
  return 0;
}
