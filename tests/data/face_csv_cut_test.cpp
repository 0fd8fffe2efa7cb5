// Text files cut at every byte: what is left is refused, or read as a plain second reader reads the same bytes.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>

#include "base/error.h"
#include "data/import/face_csv.h"
#include "data/import/triples.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRows = 200;
constexpr std::size_t kPixels = 16;

using Pixels = std::vector<std::uint8_t>;

struct Face {
  Pixels pixels;
  std::optional<int> label;

  bool operator==(const Face&) const = default;
};

/// A file's faces by split, and the lines that were refused; nothing if the file as a whole is refused.
struct Table {
  std::map<std::string, std::vector<Face>> splits;
  std::size_t refused = 0;

  bool operator==(const Table&) const = default;
};
using Reading = std::optional<Table>;

// The plain reader: no quotes, blanks only between pixels, since these files have no more.

std::vector<std::string> split_at(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string without_last(std::string text, const std::string& unwanted) {
  while (!text.empty() && unwanted.find(text.back()) != std::string::npos) text.pop_back();
  return text;
}

std::vector<std::string> lines_of(std::string text) {
  const std::string mark = "\xEF\xBB\xBF";
  if (text.starts_with(mark)) text.erase(0, mark.size());
  auto lines = split_at(without_last(text, "\r\n"), '\n');
  for (auto& line : lines)
    if (line.ends_with('\r')) line.pop_back();
  return lines;
}

std::optional<int> number_of(const std::string& text, int largest) {
  if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != std::string::npos) return {};
  const int number = std::stoi(text);
  return number <= largest ? std::optional(number) : std::nullopt;
}

std::optional<Pixels> pixels_of(const std::string& text, char separator) {
  Pixels pixels;
  for (const auto& value : split_at(separator == ' ' ? without_last(text, " ") : text, separator)) {
    const auto number = number_of(value, 255);
    if (!number) return {};
    pixels.push_back(static_cast<std::uint8_t>(*number));
  }
  return pixels;
}

bool is_square(std::size_t count) {
  std::size_t side = 1;
  while (side * side < count) ++side;
  return side * side == count;
}

/// Where the header's columns are; nothing if it does not name the pixels.
std::optional<std::map<std::string, std::size_t>> columns_of(const std::string& header) {
  std::map<std::string, std::size_t> columns;
  const auto names = split_at(header, ',');
  for (std::size_t i = 0; i < names.size(); ++i) columns[names[i]] = i;
  return columns.contains("pixels") ? std::optional(columns) : std::nullopt;
}

/// The fields of those lines that could be rows.
std::vector<std::vector<std::string>> rows_of(const std::vector<std::string>& lines, std::size_t columns) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (auto fields = split_at(lines[i], ','); fields.size() == columns) rows.push_back(std::move(fields));
  return rows;
}

Reading read_plainly(const std::string& text) {
  static const std::map<std::string, std::string> kSplits = {
      {"Training", "train"}, {"PublicTest", "public_test"}, {"PrivateTest", "private_test"}};
  const auto lines = lines_of(text);
  const auto columns = columns_of(lines[0]);
  if (!columns) return {};
  const auto field = [&](const std::vector<std::string>& row, const char* name) { return row[columns->at(name)]; };
  auto rows = rows_of(lines, columns->size());
  if (columns->contains("emotion"))
    std::erase_if(rows, [&](const auto& row) { return !number_of(field(row, "emotion"), 254); });
  if (columns->contains("Usage"))
    std::erase_if(rows, [&](const auto& row) { return !kSplits.contains(field(row, "Usage")); });
  if (rows.empty()) return {};
  const auto first_values = split_at(without_last(field(rows[0], "pixels"), " "), ' ');
  const auto size = field(rows[0], "pixels").empty() ? 0 : first_values.size();
  if (size == 0 || !is_square(size)) return {};

  Table table{{}, lines.size() - 1};
  for (const auto& row : rows) {
    const auto usage = columns->contains("Usage") ? field(row, "Usage") : "Training";
    const auto label = columns->contains("emotion") ? number_of(field(row, "emotion"), 6) : std::nullopt;
    const auto pixels = pixels_of(field(row, "pixels"), ' ');
    if ((columns->contains("emotion") && !label) || !pixels || pixels->size() != size) continue;
    table.splits[kSplits.at(usage)].push_back({*pixels, label});
    --table.refused;
  }
  return table;
}

Reading read_triples_plainly(const std::string& data, const std::string& target) {
  const auto pictures = lines_of(data), labels = lines_of(target);
  if (pictures.size() != labels.size()) return {};
  Table table;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto pixels = pixels_of(pictures[i], ',');
    const auto label = number_of(labels[i], 6);
    if (!pixels || pixels->size() != kPixels || !label) return {};
    table.splits["train"].push_back({*pixels, label});
  }
  return table;
}

// The reader under test, brought into the same form.

/// Reads every row. A row that is refused when it is read is counted, as `--on-error skip` would.
Table read_source(const SampleSource& source) {
  Table table{{}, source.refused().size()};
  for (std::size_t split = 0; split < source.splits().size(); ++split) {
    const auto& shape = source.splits()[split];
    for (std::int64_t row = 0; row < shape.rows; ++row) {
      Sample sample;
      try {
        source.read(split, row, sample);
        table.splits[shape.name].push_back(
            {sample.pixels, sample.label ? std::optional<int>(*sample.label) : std::nullopt});
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::kBadInput) << error.what();
        ++table.refused;
      }
    }
  }
  return table;
}

Reading read_face_csv(const fs::path& path) {
  try {
    return read_source(*FaceCsv::from_file(path, {}, /*threads=*/1));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput) << error.what();
    EXPECT_NE(std::string(error.what()).find(path.filename().string()), std::string::npos) << error.what();
    return {};
  }
}

/// Rows of this source cannot be left out, so one that is refused refuses the file.
Reading read_triples(const fs::path& folder) {
  try {
    auto table = read_source(Triples(folder, fer2013_classes(), /*threads=*/1));
    return table.refused == 0 ? Reading(table) : std::nullopt;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput) << error.what();
    return {};
  }
}

/// The same faces for every test.
std::vector<Face> faces() {
  std::mt19937 random(7);
  std::vector<Face> faces(kRows);
  for (auto& face : faces) {
    face.label = static_cast<int>(random() % 7);
    for (std::size_t i = 0; i < kPixels; ++i) face.pixels.push_back(static_cast<std::uint8_t>(random() % 256));
  }
  return faces;
}

std::string in_digits(const Pixels& pixels, char separator) {
  std::string text;
  for (const auto value : pixels) text += (text.empty() ? "" : std::string(1, separator)) + std::to_string(value);
  return text;
}

class CutFile : public testing::Test {
 protected:
  /// Cuts the file shorter and shorter; `read` and `read_plain` must agree on what is left.
  template <class Read, class ReadPlain>
  void cut_everywhere(const fs::path& path, const std::string& text, const Read& read, const ReadPlain& read_plain) {
    write_text(path, text);
    const Reading whole = read();
    ASSERT_TRUE(whole.has_value());
    ASSERT_EQ(whole, read_plain(text));
    for (auto length = text.size(); length-- > 0;) {
      fs::resize_file(path, length);
      const Reading found = read();
      const Reading wanted = read_plain(text.substr(0, length));
      ASSERT_EQ(found.has_value(), wanted.has_value()) << "cut to " << length << " bytes";
      ASSERT_EQ(found, wanted) << "cut to " << length << " bytes";
      ++(!found ? files_refused_ : found->refused > 0 ? rows_refused_ : as_if_whole_);
    }
    std::printf("%zu cuts: %d refuse the file, %d a row, %d read as the plain reader does\n", text.size(),
                files_refused_, rows_refused_, as_if_whole_);
    EXPECT_EQ(files_refused_ + rows_refused_ + as_if_whole_, static_cast<int>(text.size()));
  }

  void cut_csv(const std::string& text) {
    const auto path = folder_ / "faces.csv";
    cut_everywhere(
        path, text, [&] { return read_face_csv(path); }, read_plainly);
  }

  TemporaryFolder folder_;
  int files_refused_ = 0;
  int rows_refused_ = 0;
  int as_if_whole_ = 0;
};

}  // namespace

TEST_F(CutFile, WithTheUsageLast) {
  std::string text = "emotion,pixels,Usage\n";
  std::size_t row = 0;
  for (const auto& face : faces()) {
    const char* const usage = row % 10 == 8 ? "PublicTest" : row % 10 == 9 ? "PrivateTest" : "Training";
    text += std::to_string(*face.label) + "," + in_digits(face.pixels, ' ') + "," + usage + "\n";
    ++row;
  }
  cut_csv(text);
  // A name of a split ends no other one, so only a row's end and the place ahead of it can pass.
  EXPECT_LE(as_if_whole_, static_cast<int>(2 * kRows));
}

TEST_F(CutFile, WithThePixelsLast) {
  std::string text = "\xEF\xBB\xBFUsage,emotion,pixels\r\n";
  for (const auto& face : faces())
    text += "Training," + std::to_string(*face.label) + "," + in_digits(face.pixels, ' ') + "\r\n";
  cut_csv(text);
}

TEST_F(CutFile, OfTriplesRefusesAllButTheLastNumber) {
  std::string data, target;
  for (const auto& face : faces()) {
    data += in_digits(face.pixels, ',') + "\n";
    target += std::to_string(*face.label) + "\n";
  }
  write_text(folder_ / "train_target.csv", target);
  cut_everywhere(
      folder_ / "train_data.csv", data, [&] { return read_triples(folder_.path()); },
      [&](const std::string& text) { return read_triples_plainly(text, target); });
  EXPECT_LE(as_if_whole_, 3);  // the last line's end, and digits of a number that --expect-rows cannot see
}

TEST_F(CutFile, OfTriplesLabelsIsRefused) {
  std::string data, target;
  for (const auto& face : faces()) {
    data += in_digits(face.pixels, ',') + "\n";
    target += std::to_string(*face.label) + "\n";
  }
  write_text(folder_ / "train_data.csv", data);
  cut_everywhere(
      folder_ / "train_target.csv", target, [&] { return read_triples(folder_.path()); },
      [&](const std::string& text) { return read_triples_plainly(data, text); });
  EXPECT_LE(as_if_whole_, 1);  // the last line's end
}

}  // namespace fer
