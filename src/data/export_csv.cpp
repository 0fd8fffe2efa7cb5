#include "data/export_csv.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/atomic_file.h"
#include "base/error.h"
#include "data/dataset.h"
#include "data/render.h"

namespace fer {
namespace {

constexpr std::int64_t kMostRowsAtOnce = 1024, kPixelsAtOnce = 16 << 20;

const std::map<std::string, std::string> kUsages = {{"train", "Training"},
                                                    {"validation", "PublicTest"},
                                                    {"public_test", "PublicTest"},
                                                    {"test", "PrivateTest"},
                                                    {"private_test", "PrivateTest"}};

/// Those with labels; the others have no place in such a file.
std::vector<std::string> exported_splits(const Manifest& manifest) {
  std::vector<std::string> names;
  for (const auto& [name, split] : manifest.splits)
    if (split.labelled) names.push_back(name);
  return names;
}

void require_one_split_per_usage(const std::vector<std::string>& names) {
  std::map<std::string, std::string> taken;
  for (const auto& name : names) {
    const auto usage = kUsages.find(name);
    require(usage != kUsages.end() && taken.emplace(usage->second, name).second, ExitCode::kUsage,
            fmt::format("split '{}' has no Usage of its own in a CSV file, which knows Training, PublicTest and "
                        "PrivateTest alone.",
                        name));
  }
}

/// Pictures of a split as bytes, rows `begin` up to `end`, each changed by its draw of this copy. [B, H, W] uint8
torch::Tensor changed_pictures(const Split& split, std::int64_t begin, std::int64_t end, std::int64_t copy,
                               const ExportConfig& config) {
  const auto stored = picture_size_of(split.images);
  std::vector<std::int64_t> rows(static_cast<std::size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  std::vector<AugmentDraw> draws;
  for (const auto row : rows)
    draws.push_back(draw_augmentation(config.augmentation.spec, config.seed, /*epoch=*/copy, row, stored));
  const auto pictures = render_pictures(split.images, rows, draws, augmented_size(config.augmentation.spec, stored));
  return (pictures * 255).round().to(torch::kUInt8).squeeze(1).contiguous();
}

void append_rows(std::string& text, const torch::Tensor& pictures, const torch::Tensor& labels,
                 const std::string& usage) {
  const auto pixels_per_picture = pictures.size(1) * pictures.size(2);
  const auto* pixel = pictures.const_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < pictures.size(0); ++i) {
    text += fmt::format_int(labels[i].item<std::int64_t>()).c_str();
    char separator = ',';
    for (std::int64_t p = 0; p < pixels_per_picture; ++p) {
      const fmt::format_int digits(static_cast<unsigned>(*pixel++));
      text += separator;
      text.append(digits.data(), digits.size());
      separator = ' ';
    }
    text += ',' + usage + '\n';
  }
}

}  // namespace

std::int64_t export_csv(const std::filesystem::path& folder, const std::filesystem::path& path,
                        const ExportConfig& config, const std::function<void(std::int64_t)>& progress) {
  require(config.augmentation.mixup_alpha == 0, ExitCode::kUsage, "mixup blends labels, which a CSV file cannot say.");
  const Manifest manifest = read_manifest(folder);
  check_augmentation(config.augmentation,
                     {static_cast<std::int32_t>(manifest.height), static_cast<std::int32_t>(manifest.width)});
  const auto names = exported_splits(manifest);
  require(config.augmentation.spec.crop == 0 || names.size() == 1, ExitCode::kUsage,
          "a crop would give the train split's pictures another size than those of the other splits.");
  require_one_split_per_usage(names);
  const auto rows_at_once =
      std::clamp<std::int64_t>(kPixelsAtOnce / (manifest.height * manifest.width), 1, kMostRowsAtOnce);
  AtomicFile file(path);
  file.write("emotion,pixels,Usage\n");
  std::int64_t written = 0;
  for (const auto& name : names) {
    const Split split = load_split(folder, manifest, name);
    const bool train = name == "train";
    for (std::int64_t copy = 1; copy <= (train ? config.copies : 1); ++copy) {
      for (std::int64_t begin = 0; begin < split.size(); begin += rows_at_once) {
        const auto end = std::min(begin + rows_at_once, split.size());
        std::string text;
        append_rows(text, train ? changed_pictures(split, begin, end, copy, config) : split.images.slice(0, begin, end),
                    split.labels.slice(0, begin, end), kUsages.at(name));
        file.write(text);
        progress(written += end - begin);
      }
    }
  }
  file.commit();
  return written;
}

}  // namespace fer
