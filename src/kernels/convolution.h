#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/slice.h"

// 3x3 convolutions of stride 1 with a border of zeros, so that maps keep their size, by Winograd's minimal filtering,
// in tiles of 6x6 or 4x4 outputs, whichever take fewer products, or of 3x3 where the maps are no larger. Maps are
// channels-last, [images, height, width, channels], of float or Bfloat16; all arithmetic is float. What would be a pass
// over their output is done while it is in registers.

namespace fer {

/// Channels come in blocks of this many.
constexpr std::int64_t kChannelBlock = 16;

struct ConvolutionShape {
  std::int64_t height;
  std::int64_t width;
  std::int64_t inputs;    // channels, a multiple of kChannelBlock
  std::int64_t outputs;   // the same
  std::int64_t tile = 0;  // side of the tiles, 3, 4 or 6, for tests; 0: that with the fewest products
};

/// Where the maximum of 2x2 outputs is taken; what an odd side leaves over is dropped.
enum class Pool {
  kNone,
  kBeforeNorm,  // of what the convolution gives
  kAfterNorm,   // of the normalised and rectified maps
};

/// A convolution whose outputs await the statistics of the batch. Null: not wanted. Maps are given from the block's
/// first picture on.
template <class T>
struct RawOutput {
  T* raw;                // [images, height, width, outputs]
  T* pooled;             // [images, height / 2, width / 2, outputs]: the maximum, or as `order` tells the minimum
  std::uint8_t* argmax;  // the same shape: 0 to 3, which of the four it is, row by row
  const float*
      order;   // [outputs]: where negative, the pool takes the minimum, which a norm makes the maximum; null: nowhere
  float* sum;  // [outputs], added to: over `pooled` if there is no `raw`, else over `raw`
  float* square;  // [outputs], added to
};

/// A convolution whose outputs are finished at once: max(0, scale * output + shift), or without the maximum.
template <class T>
struct FinishedOutput {
  T* out;                // [images, height, width, outputs], or of half the size
  std::uint8_t* argmax;  // of the pool; null: no pool
  const float* order;    // as of RawOutput
  const float* scale;    // [outputs]
  const float* shift;    // [outputs]
  bool rectified;
};

/// What a gradient passes on its way back: the rectifier and the dropout which made the maps. Null: not wanted.
template <class T>
struct BackwardOutput {
  T* gradient;      // [images, height, width, inputs]
  const T* passed;  // the same shape: the maps; where they are zero so is the gradient. Null: none is.
  float factor;     // on what is left
  const T* raw;     // the same shape: what the statistics are of; null: no dots
  float* sum;       // [inputs], added to: of gradients; null: no sums
  float* dot;       // [inputs], added to: of gradients times `raw`
};

/// How many pictures the functions below take at most at a time: enough to keep the arithmetic busy, few enough for the
/// cache.
std::int64_t images_per_block(const ConvolutionShape& shape);

/// Floats of memory that convolve() and convolve_back() want for their own.
std::size_t convolution_scratch(const ConvolutionShape& shape);

/// Floats of all filters' spectra.
std::size_t filter_spectra(const ConvolutionShape& shape);

/// @param weights  [outputs, 3, 3, inputs]
/// @param spectra  filter_spectra(shape) floats, in an order known to convolve()
void transform_filters(const ConvolutionShape& shape, const float* weights, float* spectra, Slice slice = {});

/// The same, turned round, for convolve_back().
void transform_filters_back(const ConvolutionShape& shape, const float* weights, float* spectra, Slice slice = {});

/// @param gradients  filter_spectra(shape) floats, summed up by convolve_back()
/// @param weights    [outputs, 3, 3, inputs], written
void restore_filter_gradients(const ConvolutionShape& shape, const float* gradients, float* weights, Slice slice = {});

/// @param maps  [images, height, width, inputs]
template <class T>
void convolve(const ConvolutionShape& shape, std::int64_t images, const T* maps, const float* filters,
              const RawOutput<T>& output, float* scratch);
template <class T>
void convolve(const ConvolutionShape& shape, std::int64_t images, const T* maps, const float* filters,
              const FinishedOutput<T>& output, float* scratch);

/// @param maps              [images, height, width, inputs]
/// @param output_gradient   [images, height, width, outputs]
/// @param filters           of transform_filters_back(); null: no gradient of the inputs is wanted
/// @param filter_gradients  added to; null: not wanted
template <class T>
void convolve_back(const ConvolutionShape& shape, std::int64_t images, const T* maps, const float* output_gradient,
                   const float* filters, float* filter_gradients, const BackwardOutput<T>& output, float* scratch);

}  // namespace fer
