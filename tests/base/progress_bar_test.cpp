#include "base/progress_bar.h"

#include <gtest/gtest.h>

namespace fer {
namespace {

const std::vector<LinePiece> kNotes = {{"3141img/s", 50}, {"loss 1.234", 80}, {"acc 45.1%", 60}, {"lr 0.001", 40}};

ProgressBar hidden(std::string label, std::int64_t total, std::string unit, std::int64_t first = 0) {
  return {std::move(label), total, std::move(unit), /*visible=*/false, first};
}

}  // namespace

TEST(ProgressBar, ShowsShareCountRateAndTimeLeft) {
  const auto bar = hidden("import", 145, "img");
  EXPECT_EQ(bar.line(58, 20, {}, 0, 79), "import 40% |#########               | 58/145 2.9img/s left 0:30");
}

TEST(ProgressBar, AddsWhatComesBehind) {
  const auto bar = hidden("Epoch 3/12", 47, "it");
  EXPECT_EQ(bar.line(22, 1, {}, 40, 60), "Epoch 3/12 47% |####      | 22/47 22.0it/s left 0:01 of 0:41");
}

TEST(ProgressBar, ShowsEverythingIn80Columns) {
  const auto bar = hidden("Epoch 12/50", 145, "it");
  EXPECT_EQ(bar.line(122, 9.5, kNotes, 724, 79),
            "Epoch 12/50 122/145 12.8it/s 3141img/s loss 1.234 acc 45.1% lr 0.001 left 12:06");
}

TEST(ProgressBar, LeavesOutWhatMattersLeast) {
  const auto bar = hidden("Epoch 12/50", 145, "it");
  const auto line = [&](int width) { return bar.line(122, 9.5, kNotes, 724, width); };
  EXPECT_EQ(line(78), "Epoch 12/50 122/145 3141img/s loss 1.234 acc 45.1% lr 0.001 left 12:06");
  EXPECT_EQ(line(69), "Epoch 12/50 122/145 3141img/s loss 1.234 acc 45.1% left 12:06");
  EXPECT_EQ(line(59), "Epoch 12/50 122/145 loss 1.234 acc 45.1% left 12:06");
  EXPECT_EQ(line(50), "Epoch 12/50 122/145 loss 1.234 left 12:06");
  EXPECT_EQ(line(39), "Epoch 12/50 122/145 loss 1.234");
}

TEST(ProgressBar, NeverOutgrowsTheTerminal) {
  const auto bar = hidden("Epoch 1000/1000", 100000, "it");
  for (int width = 0; width <= 200; ++width)
    EXPECT_LE(bar.line(99999, 1e7, kNotes, 1e6, width).size(), static_cast<std::size_t>(width));
}

TEST(ProgressBar, BearsMoreThanItWasToldToExpect) {
  EXPECT_EQ(hidden("import", 100, "img").line(130, 1, {}, 0, 79),
            "import 100% |########################| 130/100 130img/s left 0:00");
}

TEST(ProgressBar, ItsPaceIsWhatThisProcessDid) {
  const auto bar = hidden("Epoch 3/12", 100, "it", /*first=*/80);
  EXPECT_DOUBLE_EQ(bar.pace(90, 5).per_second, 2);
  EXPECT_DOUBLE_EQ(bar.pace(90, 5).seconds_left, 5);
  EXPECT_EQ(bar.line(90, 5, {}, 0, 79), "Epoch 3/12 90% |#####################   | 90/100 2.0it/s left 0:05");
}

TEST(ProgressBar, TellsNoPaceAheadOfTheFirstStep) {
  const auto bar = hidden("Epoch 3/12", 100, "it", /*first=*/80);
  EXPECT_EQ(bar.pace(80, 5).per_second, 0);
  EXPECT_EQ(bar.line(80, 5, {}, 0, 79), "Epoch 3/12 80% |###################     | 80/100");
}

TEST(FittedLine, PiecesOfOneWeightGoTogether) {
  const std::vector<LinePiece> pieces = {{"label", 3}, {"left", 1}, {"note", 2}, {"0:03", 1}};
  EXPECT_EQ(fitted_line(pieces, 20), "label left note 0:03");
  EXPECT_EQ(fitted_line(pieces, 19), "label note");
  EXPECT_EQ(fitted_line(pieces, 3), "lab");
}

}  // namespace fer
