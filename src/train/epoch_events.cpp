#include "train/epoch_events.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <span>

#include "artifacts/confusion_picture.h"
#include "artifacts/png.h"

namespace fer {
namespace {

constexpr std::size_t kBuckets = 30;
constexpr std::size_t kLanes = 4;  // of sums and counts, so that a value does not wait for the one before it
constexpr std::int64_t kFaces = 16, kFacesInARow = 4, kGap = 2;

void add_known(const std::string& tag, std::int64_t step, double value, EventFile& events) {
  if (!std::isnan(value)) events.add_scalar(tag, step, value);
}

void add_figures(const std::string& split, std::int64_t step, const FinalFigures& figures, EventFile& events) {
  add_known(split + "/loss", step, figures.loss, events);
  add_known(split + "/accuracy", step, figures.accuracy, events);
  add_known(split + "/macro_f1", step, figures.macro_f1, events);
}

/// @param tensor  with at least one value, all finite
Histogram histogram_of(const torch::Tensor& tensor) {
  const auto on_host = tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  const std::span<const float> values(on_host.data_ptr<float>(), static_cast<std::size_t>(on_host.numel()));
  const auto [lowest, highest] = torch::aminmax(on_host);
  const float low = lowest.item<float>(), high = highest.item<float>();
  const float buckets_per_unit = high > low ? static_cast<float>(kBuckets) / (high - low) : 0;
  std::array<std::array<std::int64_t, kBuckets>, kLanes> counts{};
  std::array<double, kLanes> sum{}, sum_of_squares{};
  const auto take = [&](std::size_t lane, float value) {
    sum[lane] += double{value};
    sum_of_squares[lane] += double{value} * double{value};
    ++counts[lane][std::min(static_cast<std::size_t>((value - low) * buckets_per_unit), kBuckets - 1)];
  };
  std::size_t taken = 0;
  for (; taken + kLanes <= values.size(); taken += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) take(lane, values[taken + lane]);
  for (; taken < values.size(); ++taken) take(taken % kLanes, values[taken]);

  Histogram histogram{double{low}, double{high}, std::vector<std::int64_t>(kBuckets)};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    std::ranges::transform(histogram.counts, counts[lane], histogram.counts.begin(), std::plus());
    histogram.sum += sum[lane];
    histogram.sum_of_squares += sum_of_squares[lane];
  }
  return histogram;
}

}  // namespace

bool weights_are_due(std::int64_t epoch, bool last) {
  return last || std::has_single_bit(static_cast<std::uint64_t>(epoch));
}

std::map<std::string, Histogram> weight_histograms(const Net& net) {
  std::map<std::string, Histogram> histograms;
  for (const auto& item : net.named_parameters())
    if (item.value().numel() > 0) histograms[item.key()] = histogram_of(item.value());
  return histograms;
}

void add_epoch(const EpochEvents& epoch, EventFile& events) {
  const auto& record = epoch.record;
  const auto add = [&](const std::string& tag, double value) { add_known(tag, record.step, value, events); };
  add("loss/train", record.train_loss);
  add("accuracy/train", record.train_accuracy);
  add("loss/validation", record.val_loss);
  add("accuracy/validation", record.val_accuracy);
  add("macro_f1/validation", record.val_macro_f1);
  add("learning_rate", record.learning_rate);
  add("images_per_second", record.images_per_second);
  add("seconds/compute", record.compute_seconds);
  add("seconds/communication", record.communication_seconds);
  add("seconds/data", record.data_seconds);
  add("seconds/other", record.other_seconds);
  if (epoch.validation && !epoch.validation->confusion.empty())
    events.add_image("confusion/validation", record.step, confusion_picture(epoch.validation->confusion));
  for (const auto& [name, histogram] : epoch.weights) events.add_histogram("weights/" + name, record.step, histogram);
}

EventImage contact_sheet(const torch::Tensor& images) {
  const auto shown = std::min(images.size(0), kFaces), columns = std::min(shown, kFacesInARow);
  const auto rows = (shown + columns - 1) / columns;
  const auto levels = images.slice(0, 0, shown).select(1, 0).to(torch::kCPU, torch::kFloat32).clamp(0, 1);
  // White below and to the right of each, and where there are none.
  const auto framed = torch::constant_pad_nd(levels, {0, kGap, 0, kGap, 0, rows * columns - shown}, 1);
  const auto height = framed.size(1), width = framed.size(2);
  const auto sheet = framed.reshape({rows, columns, height, width})
                         .transpose(1, 2)
                         .reshape({rows * height, columns * width})
                         .slice(0, 0, rows * height - kGap)
                         .slice(1, 0, columns * width - kGap)
                         .mul(255)
                         .round()
                         .to(torch::kUInt8)
                         .contiguous();
  const std::span<const std::uint8_t> pixels(sheet.data_ptr<std::uint8_t>(), static_cast<std::size_t>(sheet.numel()));
  return {sheet.size(0), sheet.size(1), 1, encode_png_gray(pixels, sheet.size(0), sheet.size(1))};
}

void add_first_faces(const EventImage& sheet, std::int64_t step, EventFile& events) {
  events.add_image("faces", step, sheet);
}

void add_run_start(const std::vector<HyperParameter>& parameters, EventFile& events) {
  events.add_run_start(parameters,
                       {"accuracy/validation", "loss/validation", "macro_f1/validation", "accuracy/train", "loss/train",
                        "best/accuracy", "best/loss", "best/macro_f1", "test/accuracy", "test/loss", "test/macro_f1"});
}

void add_run_end(std::int64_t step, const FinalFigures& best, const FinalFigures& test, EventFile& events) {
  add_figures("best", step, best, events);
  add_figures("test", step, test, events);
  events.add_run_end(/*succeeded=*/true);
}

}  // namespace fer
