#pragma once

#include "data/import/image_file.h"

namespace fer {

/// A picture of another size, its sides stretched independently. Each pixel is a weighted mean of those around it, with
/// weights that fall linearly to 0 (a triangle) over one pixel of the coarser of the two pictures: when reducing, every
/// pixel counts, so fine structure turns gray rather than into patterns. The arithmetic is that of Pillow's
/// `resize(..., BILINEAR)`, in fixed point with 22 bits: first along rows, then along columns. Pillow 13 begins with
/// the columns where that is less work, which makes a difference of one level at most.
///
/// May be called by several threads at once.
/// @param height, width  of the result, from 1 to kLongestImageSide.
GrayImage resize_gray(const GrayImage& image, std::int64_t height, std::int64_t width);

}  // namespace fer
