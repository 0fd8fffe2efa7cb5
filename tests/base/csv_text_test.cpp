#include "base/csv_text.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

using Rows = std::vector<std::vector<std::string>>;

class CsvText : public testing::Test {
 protected:
  std::filesystem::path file_of(const std::string& text) const {
    write_text(folder_ / "some.csv", text);
    return folder_ / "some.csv";
  }

  Rows rows_of(const std::string& text) const {
    CsvFile file(file_of(text));
    Rows rows = {file.header()};
    while (file.next()) {
      rows.emplace_back();
      for (std::size_t i = 0; i < file.header().size(); ++i) rows.back().push_back(file.field(i));
    }
    return rows;
  }

  const TemporaryFolder folder_;
};

}  // namespace

TEST_F(CsvText, WhatIsQuotedIsReadAsItWas) {
  const Rows rows = {{"id", "a, b", "c"}, {"say \"hi\"", "two\nlines\r\n", ""}, {"\"", ",", "\n"}, {"", " x ", "ü"}};
  std::string text;
  for (const auto& row : rows) text += csv_field(row[0]) + "," + csv_field(row[1]) + "," + csv_field(row[2]) + "\n";
  EXPECT_EQ(rows_of(text), rows);
  EXPECT_EQ(csv_field("plain"), "plain");
}

TEST_F(CsvText, EndsOfLineMayBeEither) {
  const Rows rows = {{"a", "b"}, {"1", "2"}, {"3", ""}};
  for (const std::string text : {"a,b\n1,2\n3,\n", "a,b\n1,2\n3,",
                                 "\xEF\xBB\xBF"
                                 "a,b\r\n1,2\r\n3,\r\n\r\n",
                                 "\n\na,b\n\n1,\"2\"\r\n3,\"\""})
    EXPECT_EQ(rows_of(text), rows) << text;
}

TEST_F(CsvText, AComplaintNamesFileAndLine) {
  const auto expect_refused = [&](const std::string& text, const std::string& line, const std::string& why) {
    expect_error(ExitCode::kBadInput, {"some.csv", line, why}, [&] { rows_of(text); });
  };
  expect_refused("", "is empty", "");
  expect_refused("\r\n\n", "is empty", "");
  expect_refused("a,b\n1,2\n3\n", "line 3:", "it has 1 fields, but the header names 2");
  expect_refused("a,b\n\"1\n\",2\n3,4,5\n", "line 4:", "3 fields");
  expect_refused("a,b\n1,\"2\n3,4\n", "line 2:", "not closed");
  expect_refused("a,b\n1,\"2\"3\n", "line 2:", "middle of a field");
  expect_refused("a,b\n1,2\"3\"\n", "line 2:", "middle of a field");
}

TEST_F(CsvText, ANumberIsTheWholeField) {
  CsvFile file(file_of("a,b\n-7,1.5e-3\n7x,\n99999999999999999999,1e999\n"));
  ASSERT_TRUE(file.next());
  EXPECT_EQ(file.integer(0), -7);
  EXPECT_EQ(file.number(1), 0.0015);
  ASSERT_TRUE(file.next());
  EXPECT_EQ(file.line(), 3);
  expect_error(ExitCode::kBadInput, {"line 3: a is '7x', but must be a whole number"}, [&] { file.integer(0); });
  expect_error(ExitCode::kBadInput, {"line 3: b is '', but must be a number"}, [&] { file.number(1); });
  ASSERT_TRUE(file.next());
  expect_error(ExitCode::kBadInput, {"line 4"}, [&] { file.integer(0); });
  expect_error(ExitCode::kBadInput, {"line 4"}, [&] { file.number(1); });
  EXPECT_FALSE(file.next());
}

}  // namespace fer
