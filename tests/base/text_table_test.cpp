#include "base/text_table.h"

#include <gtest/gtest.h>

namespace fer {

using Lines = std::vector<std::string>;

TEST(LabelledLines, AlignsTexts) {
  EXPECT_EQ(labelled_lines("data", "train 6000, test 1000"), Lines{"data   train 6000, test 1000"});
  EXPECT_EQ(labelled_lines("change", "nothing"), Lines{"change nothing"});
}

TEST(LabelledLines, BreaksWhere80ColumnsAreFull) {
  const std::string fits(36, 'a'), next(36, 'b');
  EXPECT_EQ(labelled_lines("data", fits + " " + next), Lines{"data   " + fits + " " + next});
  EXPECT_EQ(labelled_lines("data", fits + " " + next + "b"), (Lines{"data   " + fits, "       " + next + "b"}));
}

TEST(LabelledLines, LeavesALongWordWhole) {
  const std::string path(100, 'p');
  EXPECT_EQ(labelled_lines("out", path), Lines{"out    " + path});
  EXPECT_EQ(labelled_lines("data", path + " of it"), (Lines{"data   " + path, "       of it"}));
}

TEST(AlignedRows, FirstColumnToTheLeftOthersToTheRight) {
  EXPECT_EQ(aligned_rows({{"class", "recall"}, {"angry", "5.0%"}, {"\u00fcberrascht", "100.0%"}}),
            (Lines{"class       recall", "angry         5.0%", "\u00fcberrascht  100.0%"}));
}

}  // namespace fer
