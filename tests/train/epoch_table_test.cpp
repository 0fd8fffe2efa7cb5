#include "train/epoch_table.h"

#include <gtest/gtest.h>

namespace fer {
namespace {

using Lines = std::vector<std::string>;

EpochReport usual_report() {
  EpochReport report;
  report.record.epoch = 3;
  report.record.learning_rate = 0.001;
  report.record.train_loss = 1.92874;
  report.record.train_accuracy = 0.20031;
  report.record.val_loss = 1.93006;
  report.record.val_accuracy = 0.173;
  report.record.val_macro_f1 = 0.12512;
  report.record.images_per_second = 4115.3;
  report.record.seconds = 2.06;
  report.monitor = "val_accuracy";
  return report;
}

EpochReport report_without_validation() {
  auto report = usual_report();
  report.record.val_loss = report.record.val_accuracy = report.record.val_macro_f1 = EpochRecord::kUnknown;
  report.best = true;
  return report;
}

}  // namespace

TEST(EpochTable, PutsFiguresBelowTheirNames) {
  const EpochTable table(12, /*validates=*/true);
  EXPECT_EQ(table.header(), "epoch  train loss    acc  val loss    acc macro-F1        lr  img/s     s");
  auto report = usual_report();
  EXPECT_EQ(table.row(report), " 3/12      1.9287 20.03%    1.9301 17.30%   12.51%     0.001   4115   2.1");
  report.best = true;
  EXPECT_EQ(table.row(report), " 3/12      1.9287 20.03%    1.9301 17.30%   12.51%     0.001   4115   2.1 *");
}

TEST(EpochTable, LeavesOutAValidationThatThereIsNot) {
  const EpochTable table(12, /*validates=*/false);
  EXPECT_EQ(table.header(), "epoch  train loss    acc        lr  img/s     s");
  EXPECT_EQ(table.row(report_without_validation()), " 3/12      1.9287 20.03%     0.001   4115   2.1");
}

TEST(EpochTable, KeepsItsColumnsAnd80OfTheTerminal) {
  auto report = usual_report();
  report.best = true;
  for (const std::int64_t epochs : {1, 10, 100, 1000}) {
    const EpochTable table(epochs, /*validates=*/true);
    report.record.epoch = epochs;
    for (const double loss : {0.0, 1.5, 999.9999, 1e12})
      for (const double accuracy : {0.0, 0.5, 1.0})
        for (const double seconds : {0.04, 99.9, 99999.0}) {
          report.record.train_loss = report.record.val_loss = loss;
          report.record.train_accuracy = report.record.val_accuracy = report.record.val_macro_f1 = accuracy;
          report.record.learning_rate = 0.000123456;
          report.record.images_per_second = 141234;
          report.record.seconds = seconds;
          EXPECT_EQ(table.row(report).size(), table.header().size() + 2) << table.row(report);
          EXPECT_LE(table.row(report).size(), 80U);
        }
  }
}

TEST(EpochNotes, OrdinaryEpochsHaveNone) {
  auto report = usual_report();
  report.epochs_without_improvement = 3;  // but nothing stops early
  EXPECT_EQ(epoch_notes(report, {"here"}), Lines{});
  report.patience = 5;
  report.epochs_without_improvement = 0;
  EXPECT_EQ(epoch_notes(report, {"here"}), Lines{});
}

TEST(EpochNotes, TellInWords) {
  auto report = usual_report();
  report.record.slowest_rank = 1;
  report.record.slowest_ratio = 1.53;
  report.learning_rate_cut = true;
  report.next_learning_rate = 0.0005;
  report.patience = 5;
  report.epochs_without_improvement = 3;
  EXPECT_EQ(epoch_notes(report, {"here", "there"}),
            (Lines{"  rank 1 on there took 1.5 times as long as the others, which waited",
                   "  learning rate cut from 0.001 to 0.0005", "  no better val_accuracy for 3 of 5 epochs"}));
}

TEST(EpochNotes, TheEndTakesThePlaceOfTheCount) {
  auto report = usual_report();
  report.patience = report.epochs_without_improvement = 5;
  report.stop_reason = "5 epochs in a row without improvement";
  EXPECT_EQ(epoch_notes(report, {"here"}), Lines{"  stopping early: 5 epochs in a row without improvement"});
}

}  // namespace fer
