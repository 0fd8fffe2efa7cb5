#include "data/augmentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace fer {
namespace {

constexpr float kEvenChance = 0.5F;
constexpr float kLeastZoom = 0.1F, kMostZoom = 10.0F;
constexpr std::int32_t kMostCrop = 4096;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kPresets{{
    {"none", ""},
    {"light", "flip"},
    {"standard", "flip,rotate=10,shift=0.1,zoom=0.9:1.1"},
    {"strong", "flip,rotate=15,shift=0.1,zoom=0.8:1.2,crop=44,erase=0.5"},
}};

/// A part with one number from 0 to `most`, where 0 switches it off.
struct Part {
  std::string_view name;
  float most;
  bool is_chance;  // the number may be left out
  float& (*value)(Augmentation&);
};

constexpr std::array<Part, 9> kParts{{
    {"flip", 1, true, [](Augmentation& a) -> float& { return a.spec.flip; }},
    {"vflip", 1, true, [](Augmentation& a) -> float& { return a.spec.vertical_flip; }},
    {"rotate", 180, false, [](Augmentation& a) -> float& { return a.spec.rotate; }},
    {"shift", 1, false, [](Augmentation& a) -> float& { return a.spec.shift; }},
    {"shear", 60, false, [](Augmentation& a) -> float& { return a.spec.shear; }},
    {"brightness", 1, false, [](Augmentation& a) -> float& { return a.spec.brightness; }},
    {"contrast", 1, false, [](Augmentation& a) -> float& { return a.spec.contrast; }},
    {"erase", 1, false, [](Augmentation& a) -> float& { return a.spec.erase; }},
    {"mixup", 100, false, [](Augmentation& a) -> float& { return a.mixup_alpha; }},
}};

/// The whole of `text` as a number from `low` to `high`.
template <class Number>
std::optional<Number> number_between(std::string_view text, Number low, Number high) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, number);
  const bool whole = status == std::errc() && stop == end;
  return whole && low <= number && number <= high ? std::optional(number) : std::nullopt;
}

[[noreturn]] void fail_at(std::string_view part, const std::string& complaint) {
  fail(ExitCode::kUsage, fmt::format("Augmentation part '{}': {}.", part, complaint));
}

/// "rotate=10" as its name and its value; without the sign of equality there is no value.
struct WrittenPart {
  explicit WrittenPart(std::string_view written)
      : text(written),
        name(written.substr(0, written.find('='))),
        value(name.size() == written.size() ? std::optional<std::string_view>() : written.substr(name.size() + 1)) {}

  std::string_view text;
  std::string_view name;
  std::optional<std::string_view> value;
};

bool is_preset(std::string_view name) {
  return std::ranges::find(kPresets, name, &std::pair<std::string_view, std::string_view>::first) != kPresets.end();
}

void set_number(Augmentation& augmentation, const Part& part, const WrittenPart& written) {
  if (part.is_chance && !written.value) {
    part.value(augmentation) = kEvenChance;
    return;
  }
  const auto number = number_between(written.value.value_or(""), 0.0F, part.most);
  if (!number) fail_at(written.text, fmt::format("write {}=NUMBER with a number in [0, {}]", part.name, part.most));
  part.value(augmentation) = *number;
}

void set_zoom(AugmentSpec& spec, const WrittenPart& written) {
  const auto value = written.value.value_or("");
  const auto colon = std::min(value.find(':'), value.size());
  const auto low = number_between(value.substr(0, colon), kLeastZoom, kMostZoom);
  const auto high = number_between(value.substr(std::min(colon + 1, value.size())), kLeastZoom, kMostZoom);
  if (!low || !high || *low > *high)
    fail_at(written.text, fmt::format("write zoom=LOW:HIGH with two factors in [{}, {}], the lower one first",
                                      kLeastZoom, kMostZoom));
  spec.zoom_low = *low;
  spec.zoom_high = *high;
}

void set_crop(AugmentSpec& spec, const WrittenPart& written) {
  const auto side = number_between(written.value.value_or(""), 0, kMostCrop);
  if (!side) fail_at(written.text, fmt::format("write crop=SIDE with whole pixels in [0, {}]", kMostCrop));
  spec.crop = *side;
}

[[noreturn]] void fail_unknown(const WrittenPart& written) {
  std::vector<std::string> known = {"zoom", "crop"};
  for (const auto& part : kParts) known.emplace_back(part.name);
  for (const auto& [name, parts] : kPresets) known.emplace_back(name);
  const auto closest = closest_name(written.name, known);
  std::ranges::sort(known);
  fail_at(written.text, fmt::format("there is no such part. Did you mean {}? Known are {}", closest, join(known)));
}

void set_part(Augmentation& augmentation, const WrittenPart& written) {
  if (written.name == "zoom") return set_zoom(augmentation.spec, written);
  if (written.name == "crop") return set_crop(augmentation.spec, written);
  if (is_preset(written.name)) fail_at(written.text, "a preset comes first, stands alone there and takes no number");
  const auto part = std::ranges::find(kParts, written.name, &Part::name);
  if (part == kParts.end()) fail_unknown(written);
  set_number(augmentation, *part, written);
}

void set_parts(Augmentation& augmentation, std::string_view text) {
  for (const auto& part : split_text(text, ',')) set_part(augmentation, WrittenPart(part));
}

/// Puts a preset's parts in place of its name.
std::string with_preset_spelled_out(const std::string& text) {
  const auto end = std::min(text.find(','), text.size());
  for (const auto& [name, parts] : kPresets) {
    if (std::string_view(text).substr(0, end) != name) continue;
    // A preset without parts leaves no comma behind.
    const auto rest = parts.empty() ? std::min(end + 1, text.size()) : end;
    return std::string(parts) + text.substr(rest);
  }
  return text;
}

std::string text_of(const Part& part, float number) {
  if (part.is_chance && number == kEvenChance) return std::string(part.name);
  return fmt::format("{}={}", part.name, number);
}

/// A window of the stored picture, or of its mirror image.
AugmentDraw window_draw(PictureSize stored, std::int32_t top, std::int32_t left, bool flip) {
  AffineMap map;
  if (flip) map = after_flip(map, stored);
  AugmentDraw draw;
  set_source(draw, window_of(map, top, left));
  return draw;
}

/// By how many pixels, down and to the right, the shifted views lie off the window in the middle.
constexpr std::array<std::pair<std::int32_t, std::int32_t>, 5> kShifts{{{0, 0}, {-1, 0}, {1, 0}, {0, -1}, {0, 1}}};

std::vector<AugmentDraw> five_windows(PictureSize stored, std::int32_t crop, bool flip) {
  const std::int32_t bottom = stored.height - crop, right = stored.width - crop;
  return {window_draw(stored, 0, 0, flip), window_draw(stored, 0, right, flip), window_draw(stored, bottom, 0, flip),
          window_draw(stored, bottom, right, flip), window_draw(stored, half_margin(bottom), half_margin(right), flip)};
}

std::vector<AugmentDraw> ten_windows(PictureSize stored, std::int32_t crop) {
  auto draws = five_windows(stored, crop, false);
  const auto mirrored = five_windows(stored, crop, true);
  draws.insert(draws.end(), mirrored.begin(), mirrored.end());
  return draws;
}

void require_window(std::int32_t crop, PictureSize stored) {
  require(crop <= std::min(stored.height, stored.width), ExitCode::kUsage,
          fmt::format("crop={} does not fit into pictures of {} x {} pixels. Take a side of at most {}, or 0 for none.",
                      crop, stored.height, stored.width, std::min(stored.height, stored.width)));
}

constexpr std::array<std::pair<std::string_view, TestViews>, 5> kTestViews{{{"none", TestViews::kNone},
                                                                            {"flip", TestViews::kFlip},
                                                                            {"shift", TestViews::kShift},
                                                                            {"five", TestViews::kFive},
                                                                            {"ten", TestViews::kTen}}};

}  // namespace

std::string Augmentation::text() const {
  Augmentation copy = *this;  // the table hands out references that can be written to
  std::vector<std::string> parts;
  for (const auto& part : kParts)
    if (const float number = part.value(copy); number != 0.0F) parts.push_back(text_of(part, number));
  if (spec.zoom_low != 1.0F || spec.zoom_high != 1.0F)
    parts.push_back(fmt::format("zoom={}:{}", spec.zoom_low, spec.zoom_high));
  if (spec.crop != 0) parts.push_back(fmt::format("crop={}", spec.crop));
  return parts.empty() ? "none" : join(parts, ",");
}

Augmentation parse_augmentation(const std::string& text) {
  require(!text.empty(), ExitCode::kUsage, "The augmentation is empty. Write 'none' for pictures as they are.");
  Augmentation augmentation;
  set_parts(augmentation, with_preset_spelled_out(text));
  return augmentation;
}

void check_augmentation(const Augmentation& augmentation, PictureSize stored) {
  require_window(augmentation.spec.crop, stored);
}

TestViews parse_test_views(const std::string& text) {
  std::vector<std::string> known;
  for (const auto& [name, views] : kTestViews) {
    if (text == name) return views;
    known.emplace_back(name);
  }
  fail(ExitCode::kUsage, fmt::format("There are no test views '{}'. Did you mean {}? Known are {}.", text,
                                     closest_name(text, known), join(known)));
}

std::int32_t half_margin(std::int32_t margin) {
  return margin / 2 + (margin % 4 == 3 ? 1 : 0);
}

std::vector<AugmentDraw> test_view_draws(TestViews views, PictureSize stored, std::int32_t crop) {
  require_window(crop, stored);
  require(
      crop > 0 || (views != TestViews::kFive && views != TestViews::kTen), ExitCode::kUsage,
      "Five and ten views are windows of a picture, and this net learned from whole ones: take none, flip or shift.");
  const std::int32_t top = crop == 0 ? 0 : half_margin(stored.height - crop);
  const std::int32_t left = crop == 0 ? 0 : half_margin(stored.width - crop);
  const auto view = [&](std::int32_t down, std::int32_t right, bool flip) {
    return window_draw(stored, top + down, left + right, flip);
  };
  switch (views) {
    case TestViews::kNone:
      return {view(0, 0, false)};
    case TestViews::kFlip:
      return {view(0, 0, false), view(0, 0, true)};
    case TestViews::kShift: {
      std::vector<AugmentDraw> draws;
      for (const bool flip : {false, true})
        for (const auto& [down, right] : kShifts) draws.push_back(view(down, right, flip));
      return draws;
    }
    case TestViews::kFive:
      return five_windows(stored, crop, false);
    case TestViews::kTen:
      return ten_windows(stored, crop);
  }
  fail("unknown test views");
}

}  // namespace fer
