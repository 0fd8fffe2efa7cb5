#include "data/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "data/permutation.h"

namespace fer {
namespace {

/// The global batches of an epoch, put together from the shares of all ranks.
std::vector<std::vector<std::int64_t>> global_batches(std::int64_t samples, std::int64_t batch, int world_size) {
  std::vector<std::vector<std::int64_t>> batches;
  for (int rank = 0; rank < world_size; ++rank) {
    Sampler sampler(samples, batch, rank, world_size);
    sampler.start_epoch(epoch_permutation(samples, /*seed=*/5, /*epoch=*/3));
    batches.resize(static_cast<std::size_t>(sampler.steps_per_epoch()));
    for (std::int64_t step = 0; step < sampler.steps_per_epoch(); ++step) {
      const auto share = sampler.share(step);
      auto& whole = batches[static_cast<std::size_t>(step)];
      whole.insert(whole.end(), share.indices.begin(), share.indices.end());
    }
  }
  return batches;
}

}  // namespace

// All sizes from 1 to 64 samples on 1 to 8 ranks: the same batches for every world size, each sample exactly once, the
// counts that gradients are divided by true, no step of a single sample but where there is only one.
TEST(Sampler, EverySizeOnEveryWorldSize) {
  for (std::int64_t samples = 1; samples <= 64; ++samples) {
    for (const std::int64_t batch : {1, 2, 3, 7, 8, 16, 64}) {
      const auto reference = global_batches(samples, batch, 1);
      std::map<std::int64_t, int> visits;
      for (const auto& step : reference) {
        for (const auto sample : step) ++visits[sample];
        EXPECT_TRUE(step.size() > 1 || batch == 1 || samples == 1) << samples << " samples, batch " << batch;
      }
      EXPECT_EQ(static_cast<std::int64_t>(visits.size()), samples);
      for (const auto& [sample, count] : visits) EXPECT_EQ(count, 1) << "sample " << sample;
      for (int world_size = 2; world_size <= 8; ++world_size)
        EXPECT_EQ(global_batches(samples, batch, world_size), reference)
            << samples << " samples, batch " << batch << ", " << world_size << " ranks";
    }
  }
}

// What a virtual rank gets does not depend on the ranks, and none gets a single sample if there are more.
TEST(Sampler, DealsToVirtualRanksAlikeOnEveryWorldSize) {
  for (const std::int64_t virtual_ranks : {1, 2, 4, 8})
    for (std::int64_t samples = 1; samples <= 64; ++samples) {
      std::vector<std::vector<std::int64_t>> reference;  // samples of each virtual rank, step by step
      for (int world_size = 1; world_size <= virtual_ranks; ++world_size) {
        std::vector<std::vector<std::int64_t>> dealt;
        const auto steps = Sampler(samples, 24, 0, world_size, virtual_ranks).steps_per_epoch();
        for (std::int64_t step = 0; step < steps; ++step)
          for (int rank = 0; rank < world_size; ++rank) {
            Sampler sampler(samples, 24, rank, world_size, virtual_ranks);
            sampler.start_epoch(epoch_permutation(samples, /*seed=*/5, /*epoch=*/3));
            const auto share = sampler.share(step);
            EXPECT_LT(std::abs(world_size * std::ssize(share.virtual_rows) - virtual_ranks), world_size);
            auto next = share.indices.begin();
            for (const auto rows : share.virtual_rows) {
              EXPECT_TRUE(rows != 1 || share.global_samples == 1);
              dealt.emplace_back(next, next + rows);
              next += rows;
            }
            EXPECT_TRUE(next == share.indices.end());
          }
        if (reference.empty()) reference = dealt;
        EXPECT_EQ(dealt, reference) << samples << " samples, " << world_size << " ranks";
      }
      std::vector<std::int64_t> all;
      for (const auto& part : reference) all.insert(all.end(), part.begin(), part.end());
      std::ranges::sort(all);
      for (std::int64_t i = 0; i < samples; ++i) EXPECT_EQ(all.at(static_cast<std::size_t>(i)), i);
    }
}

TEST(Sampler, SharesAreEvenToOneSampleAndKnowTheirStep) {
  for (int world_size = 1; world_size <= 8; ++world_size) {
    for (std::int64_t samples = 1; samples <= 64; ++samples) {
      std::vector<Sampler> ranks;
      for (int rank = 0; rank < world_size; ++rank)
        ranks.emplace_back(samples, 8, rank, world_size).start_epoch(epoch_permutation(samples, 1, 1));
      for (std::int64_t step = 0; step < ranks[0].steps_per_epoch(); ++step) {
        std::size_t fewest = 100, most = 0, sum = 0;
        for (const auto& rank : ranks) {
          const auto share = rank.share(step);
          fewest = std::min(fewest, share.indices.size());
          most = std::max(most, share.indices.size());
          sum += share.indices.size();
        }
        const auto share = ranks[0].share(step);
        EXPECT_EQ(sum, static_cast<std::size_t>(share.global_samples));
        EXPECT_LE(most - fewest, 1U);
        EXPECT_EQ(share.ragged, sum != 8);
      }
    }
  }
}

// The partner of a rank's last sample in a mixup is the next one of the global batch, whichever rank holds it.
TEST(Sampler, KnowsTheSampleThatFollowsItsOwn) {
  for (int world_size = 1; world_size <= 8; ++world_size) {
    for (std::int64_t samples = 8; samples <= 30; ++samples) {
      for (int rank = 0; rank < world_size; ++rank) {
        Sampler own(samples, 8, rank, world_size), whole(samples, 8, 0, 1);
        own.start_epoch(epoch_permutation(samples, 1, 1));
        whole.start_epoch(epoch_permutation(samples, 1, 1));
        for (std::int64_t step = 0; step < own.steps_per_epoch(); ++step) {
          const auto all = whole.share(step).indices;
          const auto share = own.share(step);
          if (share.indices.empty()) continue;
          const auto last = std::ranges::find(all, share.indices.back());
          EXPECT_EQ(share.next, last + 1 == all.end() ? all.front() : last[1]);
        }
      }
    }
  }
}

}  // namespace fer
