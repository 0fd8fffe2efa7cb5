#include <gtest/gtest.h>
#include <torch/torch.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "comm/mpi_communicator.h"
#include "support/hashed_data.h"
#include "support/pytorch_parity.h"
#include "train/trainer.h"

namespace fer {
namespace {

class EpochCollector final : public TrainingObserver {
 public:
  void on_epoch_end(const EpochReport& report, const Trainer&) override { epochs.push_back(report.record); }

  std::vector<EpochRecord> epochs;
};

}  // namespace

// A run in which the learning rate is cut and early stopping follows, against the same run in PyTorch with its
// ReduceLROnPlateau: see tests/golden/make_golden.py.
TEST(PlateauRun, CutsAndStopsWherePyTorchDoes) {
  std::ifstream file(FER_GOLDEN_FOLDER "/plateau_run.json");
  const auto golden = nlohmann::json::parse(file);
  // In float64: in float32 processors whose kernels round otherwise are percents apart after a few epochs.
  TypedNet net(torch::kFloat64, /*side=*/16);
  auto train = resident_training_set({32, /*seed=*/7, {}, false}, hashed_split(256, 16, 3, /*stream=*/57), 3,
                                     torch::kCPU, /*rank=*/0, /*world_size=*/1);
  MpiCommunicator self(MPI_COMM_SELF);
  EpochCollector collector;
  TrainerConfig config;
  config.epochs = 12;
  config.optimizer = {"adam", 3e-3, 0.0, 0.0};
  const double threshold = golden.at("config").at("threshold");
  config.schedule = {"plateau", 0, {0.1, 1, threshold}};
  config.early_stopping = {3, threshold};
  Trainer trainer(config, net, train, nullptr, self, collector);
  EXPECT_EQ(trainer.run(), "3 epochs in a row without improvement");

  const auto& epochs = golden.at("epochs");
  ASSERT_EQ(collector.epochs.size(), epochs.size());
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    EXPECT_DOUBLE_EQ(collector.epochs[i].learning_rate, epochs[i].at("lr").get<double>()) << "epoch " << i + 1;
    const double loss = epochs[i].at("train_loss_float64");
    EXPECT_NEAR(collector.epochs[i].train_loss, loss, 1e-6 * loss) << "epoch " << i + 1;
  }
  EXPECT_LT(collector.epochs.back().learning_rate, 3e-3);  // there was a cut before the stop
}

}  // namespace fer
