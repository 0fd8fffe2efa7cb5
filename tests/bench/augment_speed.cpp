// Images per second of augment_images() on one thread: flip, affine, crop 44, erase, 48 x 48 pixels. Prints CSV lines
// "name,images_per_second"; tests/bench/augment.sh runs it beside its peers.

#include <fmt/core.h>
#include <hwy/targets.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/augment.h"

namespace fer {
namespace {

constexpr std::int64_t kPictures = 1024;
constexpr std::int64_t kBatch = 128;
constexpr PictureSize kStored = {48, 48};
constexpr double kSeconds = 0.5;

std::vector<std::uint8_t> random_pictures() {
  std::vector<std::uint8_t> images(kPictures * kStored.height * kStored.width);
  PhiloxStream random(1, 0, 0);
  for (auto& byte : images) byte = static_cast<std::uint8_t>(random.bits());
  return images;
}

/// Makes batches, draws included, as a training epoch would.
class Epoch {
 public:
  using Augment = void (*)(const AugmentBatch&, float*);

  Epoch(const AugmentSpec& spec, Augment augment)
      : spec_(spec),
        augment_(augment),
        indices_(kBatch),
        draws_(kBatch),
        out_(kBatch * kStored.height * kStored.width) {}

  void make_batch() {
    for (std::int64_t i = 0; i < kBatch; ++i) {
      const std::int64_t id = next_++;
      indices_[static_cast<std::size_t>(i)] = id % kPictures;
      draws_[static_cast<std::size_t>(i)] = draw_augmentation(spec_, 7, 0, id, kStored);
    }
    augment_({images_.data(), kStored, augmented_size(spec_, kStored), kBatch, indices_.data(), draws_.data()},
             out_.data());
  }

 private:
  AugmentSpec spec_;
  Augment augment_;
  std::vector<std::uint8_t> images_ = random_pictures();
  std::vector<std::int64_t> indices_;
  std::vector<AugmentDraw> draws_;
  std::vector<float> out_;
  std::int64_t next_ = 0;
};

void measure(const char* name, const AugmentSpec& spec, Epoch::Augment augment = augment_images) {
  using Clock = std::chrono::steady_clock;
  Epoch epoch(spec, augment);
  epoch.make_batch();
  const auto start = Clock::now();
  std::int64_t images = 0;
  double seconds = 0;
  for (; seconds < kSeconds; images += kBatch) {
    epoch.make_batch();
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }
  fmt::print("{},{:.0f}\n", name, static_cast<double>(images) / seconds);
}

/// The same with the instructions that an older processor has.
void measure_target(const char* name, const AugmentSpec& spec, std::int64_t target) {
  if ((hwy::SupportedTargets() & target) == 0) return;
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  measure(name, spec);
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

AugmentSpec peers_spec() {
  return {.flip = 0.5F, .rotate = 10, .shift = 0.1F, .zoom_low = 0.8F, .zoom_high = 1.2F, .crop = 44, .erase = 0.5F};
}

void measure_all() {
  AugmentSpec toned = peers_spec();
  toned.brightness = toned.contrast = 0.2F;
  measure("ours", peers_spec());
  measure("ours_flip_crop", {.flip = 0.5F, .crop = 44});
  measure("ours_with_tone", toned);
  measure_target("ours_avx2", peers_spec(), HWY_AVX2);
  measure_target("ours_sse4", peers_spec(), HWY_SSE4);
  measure("ours_plain", peers_spec(), augment_images_plain);
}

}  // namespace
}  // namespace fer

int main() {
  fer::measure_all();
}
