#include "data/loader.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/expect_error.h"
#include "support/hashed_data.h"

namespace fer {

TEST(Loader, MakesBatchesInTheOrderAsked) {
  const Split split = hashed_split(20, 8, 3, 1);
  const Loader loader(split, 3, torch::kCPU);
  const std::vector<std::int64_t> indices = {7, 0, 19, 7};
  const auto rows = torch::tensor(indices);
  EXPECT_TRUE(
      torch::equal(loader.load(indices), split.images.index_select(0, rows).unsqueeze(1).to(torch::kFloat32) / 255));
  EXPECT_TRUE(torch::equal(loader.labels(), split.labels));
}

TEST(Loader, AnEmptyShareIsAnEmptyBatch) {
  const Loader loader(hashed_split(4, 8, 3, 1), 3, torch::kCPU);
  EXPECT_EQ(loader.load({}).sizes(), (std::vector<std::int64_t>{0, 1, 8, 8}));
}

TEST(Loader, RefusesIndicesOutOfRange) {
  const Loader loader(hashed_split(4, 8, 3, 1), 3, torch::kCPU);
  const std::vector<std::int64_t> indices = {4};
  expect_error(ExitCode::kInternal, {"out of range"}, [&] { loader.load(indices); });
}

}  // namespace fer
