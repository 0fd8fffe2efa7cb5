#include "data/training_set.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <functional>
#include <numeric>

#include "base/atomic_file.h"
#include "data/streamed_pixels.h"
#include "support/expect_error.h"
#include "support/hashed_data.h"
#include "support/small_dataset.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

/// An epoch's steps, put together from the parts of all ranks.
struct Epoch {
  std::vector<torch::Tensor> images, labels, other_labels, own_shares;

  Epoch behind(std::ptrdiff_t steps) const {
    const auto rest = [&](const std::vector<torch::Tensor>& all) {
      return std::vector(all.begin() + steps, all.end());
    };
    return {rest(images), rest(labels), rest(other_labels), rest(own_shares)};
  }
};

using MakeSet = std::function<TrainingSet(int rank, int world_size)>;

Epoch whole_epoch(const MakeSet& make, int world_size, std::int64_t epoch, std::int64_t first_step = 0) {
  Epoch whole;
  for (int rank = 0; rank < world_size; ++rank) {
    auto set = make(rank, world_size);
    set.start_epoch(epoch, first_step);
    for (std::size_t step = 0; step < static_cast<std::size_t>(set.steps_per_epoch() - first_step); ++step) {
      const TrainingBatch batch = set.next();
      const auto add = [&](std::vector<torch::Tensor>& steps, const torch::Tensor& part) {
        if (!part.defined()) return;
        if (rank == 0)
          steps.push_back(part);
        else
          steps[step] = torch::cat({steps[step], part});
      };
      add(whole.images, batch.images);
      add(whole.labels, batch.labels);
      add(whole.other_labels, batch.other_labels);
      add(whole.own_shares, batch.own_shares);
    }
  }
  return whole;
}

void expect_equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(torch::equal(a[i], b[i])) << what << ", step " << i;
}

void expect_same(const Epoch& a, const Epoch& b, const std::string& what) {
  expect_equal(a.images, b.images, what + ", images");
  expect_equal(a.labels, b.labels, what + ", labels");
  expect_equal(a.other_labels, b.other_labels, what + ", mixed labels");
  expect_equal(a.own_shares, b.own_shares, what + ", shares");
}

TrainingSetConfig config_with(const std::string& augmentation, std::int64_t batch = 16) {
  return {batch, /*seed=*/3, parse_augmentation(augmentation), /*balanced=*/false};
}

}  // namespace

// The same pictures, to the last bit, whatever the number of ranks: with every kind of change, and mixup's partners.
TEST(TrainingSet, AnyNumberOfRanksMakesTheSameBatches) {
  const Split split = hashed_split(50, 12, 3, 1);
  const auto config = config_with("flip,rotate=20,shift=0.1,zoom=0.8:1.2,crop=10,brightness=0.2,erase=0.5,mixup=0.4");
  const MakeSet make = [&](int rank, int world) {
    return resident_training_set(config, split, 3, torch::kCPU, rank, world);
  };
  const Epoch reference = whole_epoch(make, 1, 1);
  EXPECT_EQ(reference.images[0].sizes(), (std::vector<std::int64_t>{16, 1, 10, 10}));
  for (int world = 2; world <= 8; ++world)
    expect_same(whole_epoch(make, world, 1), reference, std::to_string(world) + " ranks");
  EXPECT_FALSE(torch::equal(whole_epoch(make, 1, 2).images[0], reference.images[0]));
}

// A class of few samples comes as often as the others, and each time in another dress.
TEST(TrainingSet, ABalancedEpochChangesASampleAnewEachTimeItComes) {
  Split split = hashed_split(48, 12, 3, 1);
  split.labels.fill_(0);
  split.labels[7] = 1;
  auto config = config_with("rotate=20,mixup=0.4");
  config.balanced = true;
  const MakeSet make = [&](int rank, int world) {
    return resident_training_set(config, split, 2, torch::kCPU, rank, world);
  };
  const Epoch epoch = whole_epoch(make, 1, 1);
  for (const int world : {2, 3, 8}) expect_same(whole_epoch(make, world, 1), epoch, std::to_string(world) + " ranks");
  expect_same(whole_epoch(make, 3, 1, 2), epoch.behind(2), "from the third step");

  config = config_with("rotate=20");
  config.balanced = true;
  const Epoch turned = whole_epoch(make, 1, 1);
  const auto images = torch::cat(turned.images).index({torch::cat(turned.labels) == 1});
  ASSERT_GT(images.size(0), 10);
  EXPECT_EQ(std::get<0>(torch::unique_dim(images.flatten(1), 0)).size(0), images.size(0));
}

TEST(TrainingSet, MixupBlendsEachSampleWithTheNextOfItsGlobalBatch) {
  const Split split = hashed_split(40, 8, 3, 1);
  const auto plain_config = config_with("none"), mixed_config = config_with("mixup=1");
  const MakeSet plain = [&](int r, int w) { return resident_training_set(plain_config, split, 3, torch::kCPU, r, w); };
  const MakeSet mixed = [&](int r, int w) { return resident_training_set(mixed_config, split, 3, torch::kCPU, r, w); };
  const Epoch a = whole_epoch(plain, 1, 1), b = whole_epoch(mixed, 1, 1);
  for (std::size_t step = 0; step < a.images.size(); ++step) {
    const auto shares = b.own_shares[step].view({-1, 1, 1, 1});
    const auto blended = shares * a.images[step] + (1 - shares) * a.images[step].roll(-1, 0);
    EXPECT_TRUE(torch::allclose(b.images[step], blended, 1e-6, 1e-6));
    EXPECT_TRUE(torch::equal(b.other_labels[step], a.labels[step].roll(-1, 0)));
  }
}

TEST(TrainingSet, ClassSharesGoWithTheirSamples) {
  const Split split = hashed_split(40, 8, 3, 1);
  const auto shares = torch::nn::functional::one_hot(split.labels, 3).to(torch::kFloat32);
  for (int rank = 0; rank < 3; ++rank) {
    TrainingSet set(config_with("mixup=1"), split.labels, 3, std::make_unique<ResidentPixels>(split.images), rank, 3,
                    shares);
    set.start_epoch(1);
    for (std::int64_t step = 0; step < set.steps_per_epoch(); ++step) {
      const auto batch = set.next();
      if (batch.labels.numel() == 0) continue;
      EXPECT_TRUE(torch::equal(batch.class_shares.argmax(1), batch.labels));
      EXPECT_TRUE(torch::equal(batch.other_class_shares.argmax(1), batch.other_labels));
    }
  }
}

TEST(TrainingSet, WithoutAugmentationPicturesAreTheStoredOnesOverTheFullRange) {
  const Split split = hashed_split(20, 8, 3, 1);
  auto set = resident_training_set(config_with("none", 20), split, 3, torch::kCPU, 0, 1);
  set.start_epoch(1);
  const auto batch = set.next();
  auto sums = batch.images.sum({1, 2, 3}), expected = (split.images.to(torch::kFloat32) / 255).sum({1, 2});
  EXPECT_TRUE(torch::allclose(std::get<0>(sums.sort()), std::get<0>(expected.sort())));
}

namespace {

/// Windows far smaller than the real ones, so that an epoch of few samples has several.
class SmallWindows final : public PixelSource {
 public:
  explicit SmallWindows(std::unique_ptr<PixelSource> inner) : inner_(std::move(inner)) {}
  PictureSize picture_size() const override { return inner_->picture_size(); }
  torch::Device device() const override { return inner_->device(); }
  std::int64_t window() const override { return 40; }
  std::span<const std::int64_t> blocks() const override { return inner_->blocks(); }
  void start_epoch(std::vector<std::vector<std::int64_t>> windows) override { inner_->start_epoch(std::move(windows)); }
  PixelRows next(std::span<const std::int64_t> samples) override { return inner_->next(samples); }

 private:
  std::unique_ptr<PixelSource> inner_;
};

}  // namespace

// Resident and streamed, one window and several, 1 to 8 ranks, from the middle on, sizes that leave ragged steps: the
// same epoch.
TEST(TrainingSet, StreamedIsResident) {
  const TemporaryFolder folder;
  const Manifest manifest = write_small_dataset(folder / "set", /*shards=*/3, /*threads=*/1, /*train=*/250);
  const Split split = load_split(folder / "set", manifest, "train");
  for (const std::int64_t samples : {250, 131, 97, 17}) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(samples));
    for (std::int64_t i = 0; i < samples; ++i) rows[static_cast<std::size_t>(i)] = i * 250 / samples;
    const auto index = torch::tensor(rows);
    const auto labels = split.labels.index_select(0, index);
    const auto blocks = blocks_of(manifest, "train", rows);
    const auto config = config_with("flip,rotate=10,mixup=0.4", 16);
    for (const bool small_windows : {false, true}) {
      const auto make = [&](bool streamed) -> MakeSet {
        return [&, streamed](int rank, int world) {
          std::unique_ptr<PixelSource> pixels;
          if (streamed)
            pixels = std::make_unique<StreamedPixels>(folder / "set", manifest, "train", rows, torch::kCPU);
          else
            pixels = std::make_unique<ResidentPixels>(split.images.index_select(0, index), blocks);
          if (small_windows) pixels = std::make_unique<SmallWindows>(std::move(pixels));
          return TrainingSet(config, labels, 7, std::move(pixels), rank, world);
        };
      };
      const Epoch reference = whole_epoch(make(false), 1, 2);
      for (const int world : {1, 2, 3, 8})
        expect_same(whole_epoch(make(true), world, 2), reference,
                    std::to_string(samples) + " samples on " + std::to_string(world) + " ranks");
      const auto steps = std::ssize(reference.images) / 2;
      expect_same(whole_epoch(make(true), 2, 2, steps), reference.behind(steps),
                  std::to_string(samples) + " samples from step " + std::to_string(steps) + " on");
    }
  }
}

TEST(StreamedPixels, ADamagedShardIsNamed) {
  const TemporaryFolder folder;
  const Manifest manifest = write_small_dataset(folder / "set", 1, 1, 200);
  std::vector<std::int64_t> rows(200);
  std::iota(rows.begin(), rows.end(), 0);
  auto text = read_file(folder / "set" / "train-00000-of-00001.h5");
  for (std::size_t i = text.size() / 2; i < text.size() / 2 + 64; ++i) text[i] = static_cast<char>(text[i] ^ 1);
  write_text(folder / "set" / "train-00000-of-00001.h5", text);
  StreamedPixels pixels(folder / "set", manifest, "train", rows, torch::kCPU);
  pixels.start_epoch({rows});
  expect_error(ExitCode::kBadInput, {"train-00000-of-00001.h5", "damaged"}, [&] { pixels.next(rows); });
}

}  // namespace fer
