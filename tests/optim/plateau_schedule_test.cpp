#include "optim/plateau_schedule.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "optim/early_stopping.h"

namespace fer {
namespace {

Direction direction_of(const nlohmann::json& sequence) {
  return sequence.at("mode") == "min" ? Direction::kMin : Direction::kMax;
}

}  // namespace

// Sequences of metrics and what torch.optim.lr_scheduler.ReduceLROnPlateau made of them; see tests/golden.
TEST(PlateauSchedule, CutsWherePyTorchCuts) {
  std::ifstream file(FER_GOLDEN_FOLDER "/plateau_sequences.json");
  const auto sequences = nlohmann::json::parse(file);
  ASSERT_FALSE(sequences.empty());
  for (const auto& sequence : sequences) {
    PlateauSchedule schedule({sequence.at("factor"), sequence.at("patience"), sequence.at("threshold")},
                             direction_of(sequence), sequence.at("learning_rate"));
    const auto metrics = sequence.at("metric").get<std::vector<double>>();
    const auto rates = sequence.at("learning_rate_after").get<std::vector<double>>();
    for (std::size_t epoch = 0; epoch < metrics.size(); ++epoch)
      EXPECT_DOUBLE_EQ(schedule.update(metrics[epoch]), rates[epoch]) << "epoch " << epoch;
  }
}

TEST(EarlyStopping, StopsAtTheSameEpochAsTheReference) {
  std::ifstream file(FER_GOLDEN_FOLDER "/plateau_sequences.json");
  for (const auto& sequence : nlohmann::json::parse(file)) {
    EarlyStopping stopping({sequence.at("early_stop_patience"), sequence.at("threshold")}, direction_of(sequence));
    const auto metrics = sequence.at("metric").get<std::vector<double>>();
    int stopped_at = -1;
    for (std::size_t epoch = 0; epoch < metrics.size() && stopped_at < 0; ++epoch)
      if (stopping.update(metrics[epoch])) stopped_at = static_cast<int>(epoch);
    EXPECT_EQ(stopped_at, sequence.at("early_stop_index").get<int>());
  }
}

}  // namespace fer
