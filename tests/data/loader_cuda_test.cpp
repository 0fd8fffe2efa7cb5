#include <gtest/gtest.h>
#include <torch/torch.h>

#include "data/loader.h"
#include "support/hashed_data.h"

namespace fer {

// The batch that the GPU gathers is the host's, bit for bit.
TEST(LoaderCuda, GathersTheHostsBatch) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU answers";
  const Split split = hashed_split(20, 48, 3, 1);
  const Loader host(split, /*classes=*/3, torch::kCPU);
  const Loader gpu(split, /*classes=*/3, torch::kCUDA);
  const std::vector<std::int64_t> indices = {5, 0, split.size() - 1, 5};
  EXPECT_TRUE(torch::equal(gpu.load(indices).cpu(), host.load(indices)));
  EXPECT_TRUE(torch::equal(gpu.labels().cpu(), host.labels()));
  EXPECT_EQ(gpu.load({}).size(0), 0);
}

}  // namespace fer
