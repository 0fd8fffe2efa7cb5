#include "model/cnn3_mlp.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "model/memory_format.h"
#include "support/expect_error.h"

namespace fer {

TEST(Cnn3Mlp, HasTheSizeOfTheDescription) {
  const auto net = make_model({"cnn3-mlp", 3, 48, 48});
  EXPECT_EQ(parameter_count(*net), 1'317'827);
  EXPECT_EQ(net->forward(torch::rand({2, 1, 48, 48})).sizes(), (std::vector<std::int64_t>{2, 3}));
}

TEST(Cnn3Mlp, TakesOtherSizesOfPictures) {
  const auto net = make_model({"cnn3-mlp", 7, 64, 40});
  EXPECT_EQ(net->forward(torch::rand({2, 1, 64, 40})).sizes(), (std::vector<std::int64_t>{2, 7}));
  expect_error(ExitCode::kUsage, {"8x8"}, [] { make_model({"cnn3-mlp", 7, 7, 48}); });
}

TEST(Model, UnknownNamesLeadToTheClosest) {
  expect_error(ExitCode::kUsage, {"cnn3-mpl", "cnn3-mlp"}, [] { make_model({"cnn3-mpl", 7, 48, 48}); });
}

// The first convolution has one input channel, whose weights fit both layouts: contiguous(ChannelsLast) would not touch
// them, and the net would run in the slow layout.
TEST(MemoryFormat, ChannelsLastReachesEveryActivation) {
  const auto net = make_model({"cnn3-mlp", 3, 48, 48});
  use_channels_last(*net);
  auto features = net->named_children()["features"];
  auto activation = torch::rand({2, 1, 48, 48});
  for (const auto& layer : features->children()) {
    if (auto* convolution = layer->as<torch::nn::Conv2d>()) {
      activation = convolution->forward(activation);
      EXPECT_TRUE(activation.is_contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
}

}  // namespace fer
