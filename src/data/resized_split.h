#pragma once

#include "data/dataset.h"
#include "kernels/augment_math.h"

namespace fer {

/// A split with its pictures brought to a size, as resize_gray() does, in memory of this rank's own; if they have it
/// already, in the same. Not collective.
Split resized(const Split& split, PictureSize size);

}  // namespace fer
