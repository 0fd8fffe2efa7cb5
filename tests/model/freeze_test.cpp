#include "model/freeze.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"
#include "model/batch_norm.h"
#include "model/model.h"
#include "support/expect_error.h"

namespace fer {

TEST(Freeze, LeavesWeightsAndStatisticsAsTheyAre) {
  const auto net = make_model({"cnn3-mlp", 3, 16, 16});
  EXPECT_EQ(freeze(*net, "^features").size(), 12U);
  const auto before = net->named_buffers()["features.1.running_mean"].clone();
  train_what_is_not_frozen(*net);
  net->forward(torch::rand({4, 1, 16, 16})).sum().backward();
  MpiCommunicator self(MPI_COMM_SELF);
  combine_running_statistics(*net, self, 4);
  EXPECT_TRUE(torch::equal(net->named_buffers()["features.1.running_mean"], before));
  EXPECT_FALSE(torch::equal(net->named_buffers()["classifier.1.running_mean"], torch::zeros({256})));
  for (const auto& item : net->named_parameters())
    EXPECT_EQ(item.value().grad().defined(), !item.key().starts_with("features")) << item.key();
}

TEST(Freeze, PatternsThatMakeNoSenseAreRefused) {
  const auto net = make_model({"cnn3-mlp", 3, 16, 16});
  EXPECT_TRUE(freeze(*net, "none").empty());
  expect_error(ExitCode::kUsage, {"'backbone'", "features.0.weight"}, [&] { freeze(*net, "backbone"); });
  expect_error(ExitCode::kUsage, {"nothing to train"}, [&] { freeze(*net, "."); });
  expect_error(ExitCode::kUsage, {"'('", "regular expression"}, [&] { freeze(*net, "("); });
}

}  // namespace fer
