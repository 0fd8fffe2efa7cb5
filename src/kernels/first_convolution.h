#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/convolution.h"

// The first convolution of a net on gray pictures. With one input channel its output is dozens of times as large as
// what it is made from, so it is never stored before it is normalised, rectified and pooled, and backward does not read
// it: the moments of the output follow from those of the pictures' patches.

namespace fer {

struct FirstConvolutionShape {
  std::int64_t height;  // of the pictures
  std::int64_t width;
  std::int64_t outputs;  // a multiple of kChannelBlock
  std::int64_t kernel;   // 1 to kMostFirstKernel
  std::int64_t stride;   // 1 or 2
  std::int64_t padding;

  std::int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  std::int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
  std::int64_t taps() const { return kernel * kernel; }
};

constexpr std::int64_t kMostFirstKernel = 4;
constexpr std::int64_t kMomentKernel = 3;  // whose patches add_patch_moments() knows, of stride 1

/// Floats of memory that these functions want for their own.
std::size_t first_convolution_scratch(const FirstConvolutionShape& shape);

/// Of all patches that the filters see in one picture: the sums of their pixels, and of products of two of them.
/// @param pixels    [height, width]
/// @param shape     a kernel of kMomentKernel and a stride of 1
/// @param sums      [taps], added to
/// @param products  [taps, taps], added to where the first tap is not behind the second
void add_patch_moments(const FirstConvolutionShape& shape, const float* pixels, double* sums, double* products,
                       float* scratch);

/// @param pixels   [height, width], one picture
/// @param weights  [taps, outputs]
/// @param output   at this picture, its maps of the convolution's size or, with `argmax`, of half of it
template <class T>
void first_convolve(const FirstConvolutionShape& shape, const float* pixels, const float* weights,
                    const FinishedOutput<T>& output, float* scratch);

/// What the gradient of the weights is made of: the gradient's sum, and its sum times each of the patch's pixels.
/// @param gradient  of the convolution's size or, with `argmax`, of half of it: of one picture's maximum
/// @param argmax    null: no pool
/// @param sums      [taps + 1, outputs], added to; the last are those of the gradient alone
template <class T>
void first_convolve_back(const FirstConvolutionShape& shape, const float* pixels, const T* gradient,
                         const std::uint8_t* argmax, float* sums, float* scratch);

}  // namespace fer
