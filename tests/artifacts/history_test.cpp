#include "artifacts/history.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/atomic_file.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {

TEST(History, OneRowPerEpochAndNothingWhereNothingWasMeasured) {
  const TemporaryFolder folder;
  History history(folder / "history.csv");
  EpochRecord record;
  record.epoch = 1;
  record.step = 47;
  record.learning_rate = 0.001;
  record.train_loss = 1.25;
  record.train_accuracy = 0.5;
  record.images_per_second = 1000;
  record.seconds = 2;
  record.compute_seconds = 1.5;
  history.append(record);
  EXPECT_EQ(read_file(folder / "history.csv"),
            "epoch,step,lr,train_loss,train_accuracy,val_loss,val_accuracy,val_macro_f1,images_per_second,seconds,"
            "compute_seconds,communication_seconds,data_seconds,other_seconds,slowest_rank,slowest_ratio\n"
            "1,47,0.001,1.25,0.5,,,,1000.0,2.000,1.500,0.000,0.000,0.000,,\n");
}

TEST(History, ARowThatFoundNoRoomIsWrittenLater) {
  const TemporaryFolder folder;
  History history(folder / "run" / "history.csv");
  EpochRecord record;
  record.epoch = 7;
  expect_error(ExitCode::kIo, {"history.csv"}, [&] { history.append(record); });
  std::filesystem::create_directory(folder / "run");
  history.write();
  EXPECT_EQ(read_history(folder / "run" / "history.csv").at(0).epoch, 7);
}

TEST(History, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  History history(folder / "history.csv");
  EpochRecord first, second;
  first.epoch = 1;
  first.step = 47;
  first.learning_rate = 0.000123456789;
  first.train_loss = 1.25;
  first.images_per_second = 1234.5;
  second.epoch = 2;
  second.val_macro_f1 = 0.5;
  second.other_seconds = 0.125;
  second.slowest_rank = 3;
  second.slowest_ratio = 1.5;
  history.append(first);
  history.append(second);
  const auto read = read_history(folder / "history.csv");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].epoch, 1);
  EXPECT_EQ(read[0].step, 47);
  EXPECT_EQ(read[0].learning_rate, 0.000123456789);
  EXPECT_EQ(read[0].train_loss, 1.25);
  EXPECT_EQ(read[0].images_per_second, 1234.5);
  EXPECT_TRUE(std::isnan(read[0].val_loss));
  EXPECT_EQ(read[1].epoch, 2);
  EXPECT_EQ(read[1].val_macro_f1, 0.5);
  EXPECT_EQ(read[1].other_seconds, 0.125);
  EXPECT_EQ(read[1].slowest_rank, 3);
  EXPECT_EQ(read[1].slowest_ratio, 1.5);
}

// Of an older version, or a newer one, or from a spreadsheet.
TEST(History, ColumnsAreFoundByNameAndMissingOnesAreUnknown) {
  const TemporaryFolder folder;
  write_text(folder / "h.csv",
             "note,val_loss,step,epoch,slowest_ratio\r\n\"good, so far\",0.75,10,1,inf\r\n,,20,2,1.5\r\n");
  const auto read = read_history(folder / "h.csv");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].epoch, 1);
  EXPECT_EQ(read[0].val_loss, 0.75);
  EXPECT_TRUE(std::isnan(read[0].slowest_ratio));
  EXPECT_EQ(read[1].step, 20);
  for (const double unknown : {read[1].val_loss, read[1].learning_rate, read[1].train_loss, read[1].train_accuracy,
                               read[1].images_per_second, read[1].seconds, read[1].compute_seconds})
    EXPECT_TRUE(std::isnan(unknown));
}

TEST(History, WhatIsNoneIsRefusedByItsLine) {
  const TemporaryFolder folder;
  const auto expect_refused = [&](const std::string& text, const std::vector<std::string>& parts) {
    write_text(folder / "h.csv", text);
    expect_error(ExitCode::kBadInput, parts, [&] { read_history(folder / "h.csv"); });
  };
  expect_refused("id,label\n1,happy\n", {"h.csv' line 1", "epoch"});
  expect_refused("epoch,step,lr\n1,2,0.1\n2,4\n", {"h.csv' line 3"});
  expect_refused("epoch,step,lr\n1,2,much\n", {"h.csv' line 2: lr is 'much'"});
  expect_refused("epoch,step,lr\n,2,0.1\n", {"h.csv' line 2: epoch is ''"});
  expect_error(ExitCode::kBadInput, {"none.csv"}, [&] { read_history(folder / "none.csv"); });
}

}  // namespace fer
