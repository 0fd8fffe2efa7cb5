#include "data/import/resized_source.h"

#include <fmt/format.h>

#include "data/import/resize.h"

namespace fer {

std::string ResizedSource::description() const {
  return fmt::format("{}; {}x{} becomes {}x{}", source_->description(), source_->height(), source_->width(), size_,
                     size_);
}

void ResizedSource::read(std::size_t split, std::int64_t row, Sample& sample) const {
  source_->read(split, row, sample);
  const GrayImage picture{source_->width(), source_->height(), std::move(sample.pixels)};
  sample.pixels = resize_gray(picture, size_, size_).pixels;
}

}  // namespace fer
