#include "data/import/face_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/atomic_file.h"
#include "base/csv_text.h"
#include "base/error.h"
#include "base/text.h"
#include "data/import/csv_fields.h"
#include "data/import/pixel_text.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

/// One in so many labels of FER2013 and FER+ at least must be equal; one in six would be by chance.
constexpr std::int64_t kLeastAgreement = 3;

/// The side of the pictures, by the number of pixels that most of the first rows have: a bad row does not decide it.
std::int64_t side_of_square(const FaceTable& table) {
  constexpr std::size_t kRowsAsked = 101;
  if (table.rows().empty()) {
    const auto& bad = table.bad_lines();
    fail(ExitCode::kBadInput,
         fmt::format("'{}' has no row that can be read{}.", table.file().path().string(),
                     bad.empty() ? "" : fmt::format("; line {}: {}", bad.front().number, bad.front().what)));
  }
  std::map<std::int64_t, int> rows_with;
  std::string buffer;
  for (std::size_t i = 0; i < std::min(table.rows().size(), kRowsAsked); ++i)
    ++rows_with[count_pixels(table.file().read(table.rows()[i].pixels, buffer), ' ')];
  std::int64_t values = 0;
  int most = 0;
  for (const auto& [count, rows] : rows_with) {
    if (rows < most) continue;  // of two counts that are as frequent the larger: rows are cut, not lengthened
    values = count;
    most = rows;
  }
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(values))));
  require(values > 0 && side * side == values, ExitCode::kBadInput,
          fmt::format("'{}' has rows of {} pixels, which is no square picture (48x48 has 2304).",
                      table.file().path().string(), values));
  return side;
}

/// A file of a folder whose name contains "submission"; empty if there is none. One of a single column, as some
/// contests have it, names no ids.
fs::path find_sample_submission(const fs::path& folder) {
  fs::path found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = lower_case(entry.path().filename().string());
    if (name.find("submission") == std::string::npos || !name.ends_with(".csv")) continue;
    if (first_line(entry.path()).find(',') == std::string::npos) continue;
    require(found.empty(), ExitCode::kBadInput,
            fmt::format("'{}' holds two sample submissions, '{}' and '{}': leave one.", folder.string(),
                        found.filename().string(), entry.path().filename().string()));
    found = entry.path();
  }
  return found;
}

struct NumberedLine {
  std::int64_t line = 0;
  std::int64_t id = 0;
  std::int64_t value = 0;
};

/// Lines `id,...` of a file with a header, in their order; `value` is the second field where `wants_value`.
std::vector<NumberedLine> read_numbered(const TextFile& file, bool wants_value, int threads) {
  std::vector<BadLine> bad;
  auto rows = scan_rows<NumberedLine>(file, threads, bad, [&](TextSpan, std::string_view line) {
    thread_local std::vector<std::string_view> fields;
    split_fields(line, fields);
    if (fields.size() < 2) throw LineFault{"it has no comma"};
    const auto id = whole_number(fields[0], "the id");
    if (!wants_value && std::to_string(id) != fields[0])  // a submission would have another
      throw LineFault{fmt::format("the id is '{}', of which a submission would make {}", fields[0], id)};
    return NumberedLine{0, id, wants_value ? whole_number(fields[1], "the emotion") : 0};
  });
  const bool header_is_words = !bad.empty() && bad.front().number == 1;
  require(header_is_words, ExitCode::kBadInput, fmt::format("'{}' has no header line.", file.path().string()));
  if (bad.size() > 1)
    fail(ExitCode::kBadInput, fmt::format("'{}' line {}: {}.", file.path().string(), bad[1].number, bad[1].what));
  return rows;
}

}  // namespace

const std::vector<std::string>& fer2013_classes() {
  static const std::vector<std::string> kClasses = {"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"};
  return kClasses;
}

FaceCsv::FaceCsv(std::vector<std::string> classes)
    : classes_(classes.empty() ? fer2013_classes() : std::move(classes)) {}

std::unique_ptr<FaceCsv> FaceCsv::from_file(const fs::path& path, std::vector<std::string> classes, int threads,
                                            std::optional<FerPlus> fer_plus) {
  if (fer_plus) {
    require(classes.empty() || classes == fer_plus_classes(), ExitCode::kUsage,
            fmt::format("FER+ labels name their classes, which become {}: leave --classes out.",
                        join(fer_plus_classes(), ",")));
    classes = fer_plus_classes();
  }
  std::unique_ptr<FaceCsv> source(new FaceCsv(std::move(classes)));
  source->fer_plus_ = std::move(fer_plus);
  FaceTable& table = source->add_table(path, threads);
  auto rows = table.take_rows();
  if (source->fer_plus_) rows = source->relabelled(table, std::move(rows));
  source->add_splits(table, std::move(rows));
  return source;
}

bool FaceCsv::recognises_folder(const fs::path& folder) {
  return path_exists(folder / "train.csv");
}

std::unique_ptr<FaceCsv> FaceCsv::from_folder(const fs::path& folder, std::vector<std::string> classes, int threads) {
  std::unique_ptr<FaceCsv> source(new FaceCsv(std::move(classes)));
  FaceTable& train = source->add_table(folder / "train.csv", threads);
  require(train.has_labels(), ExitCode::kBadInput,
          fmt::format("'{}' has no column 'emotion'.", train.file().path().string()));
  source->add_splits(train, train.take_rows());
  if (!path_exists(folder / "test.csv")) return source;
  const auto labels = folder / "test_labels.csv";
  const auto sample = find_sample_submission(folder);
  const bool all_are_named = path_exists(labels) || !sample.empty();
  const auto refused_before = source->refused_.size();
  FaceTable& test = source->add_table(folder / "test.csv", threads);
  if (all_are_named) source->require_none_refused(refused_before);
  auto rows = test.take_rows();
  if (path_exists(labels)) rows = source->labelled(std::move(rows), labels, threads);
  if (!sample.empty()) rows = source->ordered(std::move(rows), sample, threads);
  source->add_split("test", test, std::move(rows));
  if (all_are_named) {
    source->require_none_refused(refused_before);
    source->read_all(source->shapes_.size() - 1);
  }
  return source;
}

FaceTable& FaceCsv::add_table(const fs::path& path, int threads) {
  tables_.push_back(std::make_unique<FaceTable>(path, threads));
  FaceTable& table = *tables_.back();
  if (side_ == 0) side_ = side_of_square(table);
  for (const BadLine& bad : table.bad_lines()) refuse(table.file(), bad.number, bad.what);
  return table;
}

void FaceCsv::refuse(const TextFile& file, std::int64_t line, const std::string& what) {
  refused_.push_back(fmt::format("'{}' line {}: {}.", file.path().string(), line, what));
}

/// A row that cannot be read may be left out, but not where labels or a sample submission name it.
void FaceCsv::require_none_refused(std::size_t before) const {
  if (refused_.size() > before)
    fail(ExitCode::kBadInput, refused_[before] +
                                  " No row may be left out of a test file that goes with labels or a sample "
                                  "submission.");
}

/// Throws what read() does of the first row whose pixels are wrong.
void FaceCsv::read_all(std::size_t split) const {
  Sample sample;
  for (std::int64_t row = 0; row < shapes_[split].rows; ++row) read(split, row, sample);
}

void FaceCsv::add_split(const std::string& name, const FaceTable& table, std::vector<FaceRow> rows) {
  std::erase_if(rows, [&](const FaceRow& row) {
    const bool bad = row.label && *row.label >= classes_.size();
    if (bad)
      refuse(table.file(), row.line,
             fmt::format("the emotion is {}, but there are {} classes, numbered from 0: {}", *row.label,
                         classes_.size(), join(classes_)));
    return bad;
  });
  const bool labelled = !rows.empty() && rows.front().label.has_value();
  const bool voted = fer_plus_ && fer_plus_->rule() == VoteRule::kSoft && name == "train";
  shapes_.push_back({name, static_cast<std::int64_t>(rows.size()), labelled, voted});
  parts_.push_back({&table.file(), std::move(rows)});
}

/// By usage, where it is known; else all is train.
void FaceCsv::add_splits(const FaceTable& table, std::vector<FaceRow> rows) {
  if (!table.has_usage() && !fer_plus_) {
    add_split("train", table, std::move(rows));
    return;
  }
  for (const auto& [usage, name] : {std::pair{Usage::kTraining, "train"},
                                    {Usage::kPublicTest, "public_test"},
                                    {Usage::kPrivateTest, "private_test"}}) {
    std::vector<FaceRow> chosen(static_cast<std::size_t>(std::ranges::count(rows, usage, &FaceRow::usage)));
    std::ranges::copy_if(rows, chosen.begin(), [&](const FaceRow& row) { return row.usage == usage; });
    if (!chosen.empty()) add_split(name, table, std::move(chosen));
  }
}

/// The rows on which FER+'s taggers agreed, with their labels.
std::vector<FaceRow> FaceCsv::relabelled(const FaceTable& table, std::vector<FaceRow> rows) {
  const auto lines = static_cast<std::int64_t>(rows.size() + table.bad_lines().size());
  require(lines == fer_plus_->size(), ExitCode::kBadInput,
          fmt::format("'{}' has {} rows, but '{}' has {}: FER+ wants the whole of FER2013, in its order.",
                      fer_plus_->path().string(), fer_plus_->size(), table.file().path().string(), lines));
  std::int64_t compared = 0, agreed = 0;
  for (FaceRow& row : rows) {
    require(!table.has_usage() || row.usage == fer_plus_->usage(row.line), ExitCode::kBadInput,
            fmt::format("line {} of '{}' and of '{}' name different usages: FER+ wants FER2013 in its order.", row.line,
                        table.file().path().string(), fer_plus_->path().string()));
    row.usage = fer_plus_->usage(row.line);
    const auto& votes = fer_plus_->votes(row.line);
    const auto label = votes ? std::optional(leading_class(*votes)) : std::nullopt;
    compared += row.label && label;
    agreed += row.label && row.label == label;
    row.label = label;
    row.id = row.id.value_or(row.line - kFirstFaceLine);
  }
  require(
      kLeastAgreement * agreed >= compared, ExitCode::kBadInput,
      fmt::format("of {} labels in '{}' only {} are those of '{}', as if by chance: FER+ wants FER2013 in its order.",
                  compared, fer_plus_->path().string(), agreed, table.file().path().string()));
  left_out_ = std::erase_if(rows, [](const FaceRow& row) { return !row.label; });
  return rows;
}

std::vector<FaceRow> FaceCsv::labelled(std::vector<FaceRow> rows, const fs::path& labels_path, int threads) {
  const TextFile file(labels_path);
  std::map<std::int64_t, std::int64_t> labels;
  for (const auto& line : read_numbered(file, /*wants_value=*/true, threads))
    require(labels.emplace(line.id, line.value).second, ExitCode::kBadInput,
            fmt::format("'{}' line {}: the id {} is there twice.", labels_path.string(), line.line, line.id));
  require(labels.size() == rows.size(), ExitCode::kBadInput,
          fmt::format("'{}' has {} rows, but test.csv has {}.", labels_path.string(), labels.size(), rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto id = rows[i].id.value_or(static_cast<std::int64_t>(i));
    const auto found = labels.find(id);
    require(found != labels.end() && found->second < 255, ExitCode::kBadInput,
            fmt::format("'{}' has no label for id {} of test.csv.", labels_path.string(), id));
    rows[i].label = static_cast<std::uint8_t>(found->second);
  }
  return rows;
}

/// Kaggle scores a submission by its ids and wants its sample's header: rows take the sample's order.
std::vector<FaceRow> FaceCsv::ordered(std::vector<FaceRow> rows, const fs::path& sample_path, int threads) {
  const TextFile file(sample_path);
  const auto sample = read_numbered(file, /*wants_value=*/false, threads);
  require(sample.size() == rows.size(), ExitCode::kBadInput,
          fmt::format("'{}' has {} rows, but test.csv has {}.", sample_path.string(), sample.size(), rows.size()));
  std::map<std::int64_t, const FaceRow*> by_id;
  for (const FaceRow& row : rows)
    if (row.id) by_id[*row.id] = &row;
  std::vector<FaceRow> in_order;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const auto found = by_id.find(sample[i].id);
    require(by_id.empty() || (found != by_id.end() && found->second != nullptr), ExitCode::kBadInput,
            fmt::format("'{}' line {}: test.csv has no id {}, or the sample names it twice.", sample_path.string(),
                        sample[i].line, sample[i].id));
    in_order.push_back(by_id.empty() ? rows[i] : *found->second);
    in_order.back().id = sample[i].id;
    if (found != by_id.end()) found->second = nullptr;
  }
  CsvFile(sample_path).require_submission_columns();
  submission_header_ = first_line(sample_path);
  return in_order;
}

std::string FaceCsv::description() const {
  std::vector<std::string> parts;
  for (const auto& table : tables_) {
    auto text = fmt::format("{}: pixels{}{}{}", table->file().path().filename().string(),
                            table->has_labels() ? ", emotion" : "", table->has_usage() ? ", Usage" : "",
                            table->has_ids() ? ", id" : "");
    if (!table->ignored_columns().empty()) text += fmt::format(" (not read: {})", join(table->ignored_columns()));
    if (table->file().ends_in_mid_line()) text += " (no end of line at its end: --expect-rows would tell a cut file)";
    parts.push_back(std::move(text));
  }
  if (fer_plus_)
    parts.push_back(fmt::format("{}: FER+ {}, {} pictures left out whose taggers did not agree",
                                fer_plus_->path().filename().string(),
                                fer_plus_->rule() == VoteRule::kSoft ? "votes" : "majorities", left_out_));
  return join(parts, "; ");
}

void FaceCsv::read(std::size_t split, std::int64_t row, Sample& sample) const {
  const Part& part = parts_.at(split);
  const FaceRow& face = part.rows.at(static_cast<std::size_t>(row));
  thread_local std::string buffer;
  sample.pixels.resize(static_cast<std::size_t>(side_ * side_));
  try {
    parse_pixels(part.file->read(face.pixels, buffer), ' ', sample.pixels);
  } catch (const LineFault& fault) {
    fail(ExitCode::kBadInput, fmt::format("'{}' line {}: {}.", part.file->path().string(), face.line, fault.what));
  }
  sample.label = face.label;
  if (shapes_[split].voted) {
    const auto& votes = *fer_plus_->votes(face.line);
    sample.votes.assign(votes.begin(), votes.end());
  }
  sample.id = face.id.value_or(row);
}

}  // namespace fer
