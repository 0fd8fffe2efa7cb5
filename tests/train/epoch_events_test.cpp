#include "train/epoch_events.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <numeric>

#include "data/import/image_file.h"
#include "support/event_reader.h"
#include "support/hashed_data.h"
#include "support/temporary_folder.h"
#include "support/tiny_net.h"

namespace fer {
namespace {

std::vector<std::string> events_of(const EpochEvents& epoch) {
  const TemporaryFolder folder;
  EventFile events(folder.path(), 1);
  add_epoch(epoch, events);
  events.flush();
  return events_in(folder.path());
}

}  // namespace

TEST(EpochEvents, WeightsAreDueRarely) {
  std::vector<std::int64_t> due;
  for (std::int64_t epoch = 1; epoch <= 20; ++epoch)
    if (weights_are_due(epoch, /*last=*/epoch == 20)) due.push_back(epoch);
  EXPECT_EQ(due, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 20}));
}

TEST(EpochEvents, WhatIsNotKnownIsLeftOut) {
  EpochEvents epoch;
  epoch.record.step = 47;
  epoch.record.train_loss = 0.5;
  auto messages = events_of(epoch);
  EXPECT_EQ(count_holding(messages, "loss/train"), 1);
  for (const auto* absent : {"validation", "accuracy", "confusion", "weights"})
    EXPECT_EQ(count_holding(messages, absent), 0) << absent;

  epoch.record.val_loss = 0.6;
  epoch.validation.emplace().confusion = {{1, 0}, {0, 1}};
  epoch.weights["bias"] = {0, 1, {2, 2}, 2, 2};
  messages = events_of(epoch);
  for (const auto* present : {"loss/validation", "confusion/validation", "weights/bias"})
    EXPECT_EQ(count_holding(messages, present), 1) << present;
}

TEST(EpochEvents, HistogramsCountEachWeightOnce) {
  TinyNet net(12, 3, torch::kFloat32);
  set_hashed_weights(net);
  const auto histograms = weight_histograms(net);
  ASSERT_EQ(histograms.size(), net.parameters().size());
  for (const auto& item : net.named_parameters()) {
    const auto& histogram = histograms.at(item.key());
    const auto values = item.value().detach().to(torch::kFloat64);
    EXPECT_EQ(std::accumulate(histogram.counts.begin(), histogram.counts.end(), std::int64_t{0}), values.numel());
    EXPECT_GT(histogram.counts.front(), 0);  // which holds the least
    EXPECT_GT(histogram.counts.back(), 0);
    EXPECT_EQ(histogram.min, values.min().item<double>());
    EXPECT_EQ(histogram.max, values.max().item<double>());
    EXPECT_NEAR(histogram.sum, values.sum().item<double>(), 1e-9);  // sums of doubles, in another order
    EXPECT_NEAR(histogram.sum_of_squares, values.square().sum().item<double>(), 1e-9);
  }
}

TEST(EpochEvents, EqualWeightsFallIntoOneBucket) {
  TinyNet net(12, 3, torch::kFloat32);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : net.parameters()) parameter.fill_(0.5);
  for (const auto& [name, histogram] : weight_histograms(net)) {
    EXPECT_EQ(histogram.min, histogram.max);
    EXPECT_EQ(histogram.counts.front(),
              std::accumulate(histogram.counts.begin(), histogram.counts.end(), std::int64_t{0}));
  }
}

TEST(ContactSheet, ShowsPicturesInRowsOfFour) {
  const auto levels = torch::arange(6).div(10).reshape({6, 1, 1, 1}).expand({6, 1, 5, 7});
  const auto sheet = contact_sheet(levels);
  const auto picture = decode_image(sheet.png, "sheet");
  ASSERT_EQ(picture.height, 2 * 5 + 2);
  ASSERT_EQ(picture.width, 4 * 7 + 3 * 2);
  EXPECT_EQ(sheet.width, picture.width);
  const auto level = [&](std::int64_t y, std::int64_t x) {
    return int{picture.pixels[static_cast<std::size_t>(y * picture.width + x)]};
  };
  EXPECT_EQ(level(0, 0), 0);
  EXPECT_EQ(level(4, 6), 0);
  EXPECT_EQ(level(0, 7), 255);  // the gap
  EXPECT_EQ(level(0, 9), 26);
  EXPECT_EQ(level(7, 9), 128);   // the sixth
  EXPECT_EQ(level(7, 18), 255);  // no seventh
  EXPECT_EQ(contact_sheet(levels.slice(0, 0, 1)).width, 7);
  EXPECT_EQ(contact_sheet(torch::zeros({40, 1, 5, 7})).height, 4 * 5 + 3 * 2);
}

}  // namespace fer
