#include "data/import/triples.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

class TriplesTest : public testing::Test {
 protected:
  void write(const std::string& data, const std::string& target) const {
    write_text(folder_ / "train_data.csv", data);
    write_text(folder_ / "train_target.csv", target);
  }

  Triples open() const { return Triples(folder_.path(), {"angry", "happy", "neutral"}, /*threads=*/2); }

  /// Reads every row.
  std::vector<Sample> read_all() const {
    const Triples source = open();
    std::vector<Sample> samples(static_cast<std::size_t>(source.splits().at(0).rows));
    for (std::size_t row = 0; row < samples.size(); ++row) source.read(0, static_cast<std::int64_t>(row), samples[row]);
    return samples;
  }

  void expect_refused(const std::vector<std::string>& parts) const {
    expect_error(ExitCode::kBadInput, parts, [&] { read_all(); });
  }

  TemporaryFolder folder_;
};

}  // namespace

TEST_F(TriplesTest, ReadsPicturesAndLabels) {
  write("0,1,2,3\n255,254,0,7\n", "2\n0\n");
  const auto samples = read_all();
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[1].pixels, (std::vector<std::uint8_t>{255, 254, 0, 7}));
  EXPECT_EQ(samples[0].label, 2);
  EXPECT_EQ(samples[1].id, 1);
}

TEST_F(TriplesTest, LineEndsDoNotMatter) {
  write("0,1,2,3\r\n255,254,0,7", "2\r\n0");
  EXPECT_EQ(read_all().at(1).pixels, (std::vector<std::uint8_t>{255, 254, 0, 7}));
}

TEST_F(TriplesTest, TestLabelsMayBeUnknown) {
  write("0,1,2,3\n", "2\n");
  write_text(folder_ / "test_data.csv", "1,1,1,1\n");
  const Triples source = open();
  Sample sample;
  source.read(1, 0, sample);
  EXPECT_EQ(source.splits().at(1).name, "test");
  EXPECT_FALSE(sample.label.has_value());
}

TEST_F(TriplesTest, WithoutNamesTheNumbersAreTheClasses) {
  write("0,1,2,3\n4,5,6,7\n", "0\n1\n");
  EXPECT_EQ(Triples(folder_.path(), {}, 1).classes(), (std::vector<std::string>{"0", "1"}));
}

TEST_F(TriplesTest, BadInputIsNamed) {
  write("0,1,2,3\n0,1,2\n", "0\n0\n");
  expect_refused({"train_data.csv", "line 2", "3 pixels", "4"});
  write("0,1,2,3\n0,1,2,3,4\n", "0\n0\n");
  expect_refused({"line 2", "5 pixels"});
  for (const std::string bad : {"x", "256", "-1", "", " 1", "1.0", "nan", "99999999999"}) {
    write("0,1,2,3\n0," + bad + ",2,3\n", "0\n0\n");
    expect_refused({"train_data.csv", "line 2", "value 2", "'" + bad + "'"});
  }
  write("0,1,2,3\n", "3\n");
  expect_refused({"train_target.csv", "line 1", "label 3", "3 classes"});
  write("0,1,2,3\n4,5,6,7\n", "1\n");
  expect_refused({"train_data.csv", "2", "train_target.csv", "1"});
  write("0,1,2\n", "1\n");
  expect_refused({"no square"});
  write("\n0,1,2,3\n", "1\n1\n");
  expect_refused({"train_data.csv", "line 1", "0 pixels", "no square"});
  write("", "1\n");
  expect_refused({"empty"});
}

// A file that was cut anywhere but at a row's end is refused; one that was cut there differs from its target file.
TEST_F(TriplesTest, ACutFileIsRefusedOrWhole) {
  const std::string data = "10,11,12,13\n20,21,22,23\n30,31,32,33\n";
  write(data, "0\n1\n2\n");
  const auto whole = read_all();
  for (std::size_t length = 0; length < data.size(); ++length) {
    write(data.substr(0, length), "0\n1\n2\n");
    try {
      const auto samples = read_all();
      // What is lost can only be the last line's end, or digits of the last number, which --expect-rows cannot see.
      EXPECT_EQ(samples.size(), whole.size());
      EXPECT_GE(length, data.size() - 2);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kBadInput);
    }
  }
}

}  // namespace fer
