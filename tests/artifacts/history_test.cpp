#include "artifacts/history.h"

#include <gtest/gtest.h>

#include "base/atomic_file.h"
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

}  // namespace fer
