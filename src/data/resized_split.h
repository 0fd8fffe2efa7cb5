#pragma once

#include "data/dataset.h"
#include "kernels/augment_math.h"

namespace fer {

/// A split with its pictures brought to a size, as resize_gray() does; if they have it, with the same memory. Not
/// collective.
Split resized(const Split& split, PictureSize size);

}  // namespace fer
