#include "train/run_recorder.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cerrno>

#include "base/atomic_file.h"
#include "comm/mpi_communicator.h"
#include "support/hashed_data.h"
#include "support/temporary_folder.h"
#include "support/tiny_net.h"

namespace fer {
namespace {

constexpr std::int64_t kSide = 12, kClasses = 3;

RunRecorderConfig config_in(const std::filesystem::path& folder) {
  RunRecorderConfig config;
  config.folder = folder;
  config.epochs = 3;
  config.keep = 0;
  config.goes_on_unwritten = true;
  config.checkpoint.classes = {"a", "b", "c"};
  return config;
}

/// Records a run on a disk that is full at the end of some epochs.
class OnFullDisk final : public TrainingObserver {
 public:
  OnFullDisk(RunRecorder& recorder, std::vector<std::int64_t> full) : recorder_(recorder), full_(std::move(full)) {}

  void on_epoch_start(const EpochStart& start) override { recorder_.on_epoch_start(start); }
  void on_step(std::int64_t step, const MetricMeter& so_far) override { recorder_.on_step(step, so_far); }
  void on_epoch_end(const EpochReport& report, const Trainer& trainer) override {
    if (std::ranges::find(full_, report.record.epoch) != full_.end()) fail_writes_with(ENOSPC);
    recorder_.on_epoch_end(report, trainer);
    recorder_.catch_up();
    fail_writes_with(0);
  }

 private:
  RunRecorder& recorder_;
  std::vector<std::int64_t> full_;
};

/// Of three epochs the first is the best, since nothing is learned.
void train(RunRecorder& recorder, const std::vector<std::int64_t>& full) {
  TinyNet net(kSide, kClasses, torch::kFloat64);
  set_hashed_weights(net);
  auto data = resident_training_set({64, /*seed=*/1, {}, false}, hashed_split(192, kSide, kClasses, 11), kClasses,
                                    torch::kCPU, /*rank=*/0, /*world_size=*/1);
  const Loader validation(hashed_split(50, kSide, kClasses, 5), kClasses, torch::kCPU);
  MpiCommunicator self(MPI_COMM_SELF);
  OnFullDisk observer(recorder, full);
  TrainerConfig config;
  config.epochs = 3;
  config.optimizer.learning_rate = 0;
  Trainer(config, net, data, &validation, self, observer).run();
}

std::int64_t best_epoch_with(const std::vector<std::int64_t>& full) {
  const TemporaryFolder folder;
  RunRecorder recorder(config_in(folder.path()), {{"ranks", {{{"host", "here"}}}}}, "", /*rank=*/0);
  train(recorder, full);
  return checkpoint_to_score(folder.path()).checkpoint.info.epoch;
}

}  // namespace

TEST(RunRecorder, KeepsABestEpochUntilThereIsRoom) {
  EXPECT_EQ(best_epoch_with({}), 1);
  EXPECT_EQ(best_epoch_with({1}), 1);
  EXPECT_EQ(best_epoch_with({1, 2}), 1);
  EXPECT_EQ(best_epoch_with({2, 3}), 1);
}

TEST(RunRecorder, MakesRoomFromTheStartWhereFewerAreKept) {
  const TemporaryFolder folder;
  const nlohmann::json facts = {{"ranks", {{{"host", "here"}}}}};
  auto config = config_in(folder.path());
  config.keep = 3;
  {
    RunRecorder recorder(config, facts, "", /*rank=*/0);
    train(recorder, {});
    recorder.finish("finished", "");
  }
  config.keep = 0;
  config.resumed = {{"behind_epoch", 2}, {"behind_step", 6}, {"best", nullptr}};
  const RunRecorder again(config, facts, "", /*rank=*/0);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "checkpoints"))
    names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  // The second epoch's may be what the run goes on from; the third's lies ahead.
  EXPECT_EQ(names, (std::vector<std::string>{"best", "epoch-0002", "epoch-0003", "last"}));
}

TEST(RunRecorder, ScoresTheLastWhereTheBestIsDamaged) {
  const TemporaryFolder folder;
  RunRecorder recorder(config_in(folder.path()), {{"ranks", {{{"host", "here"}}}}}, "", /*rank=*/0);
  train(recorder, {});
  write_text(folder / "checkpoints/best.safetensors", "damaged");
  EXPECT_EQ(checkpoint_to_score(folder.path()).checkpoint.info.epoch, 3);
}

}  // namespace fer
