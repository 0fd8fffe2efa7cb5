#include "data/resized_split.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>

#include "base/parallel.h"
#include "data/import/resize.h"

namespace fer {

Split resized(const Split& split, PictureSize size) {
  const auto stored = split.images.contiguous();
  const auto height = stored.size(1), width = stored.size(2);
  if (height == size.height && width == size.width) return split;
  Split result = split;
  result.images = torch::empty({split.size(), size.height, size.width}, torch::kUInt8);
  const auto* from = stored.const_data_ptr<std::uint8_t>();
  auto* to = result.images.data_ptr<std::uint8_t>();
  const std::int64_t pixels = height * width, new_pixels = std::int64_t{size.height} * size.width;
  for_each_index(split.size(), at::get_num_threads(), [&](std::int64_t i) {
    const GrayImage picture{width, height, {from + i * pixels, from + (i + 1) * pixels}};
    std::ranges::copy(resize_gray(picture, size.height, size.width).pixels, to + i * new_pixels);
  });
  return result;
}

}  // namespace fer
