#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/convolution.h"
#include "kernels/dropout.h"

// What stands around the convolutions of a net, one pass over memory each: batch norm with what follows it, and the way
// back. Maps are channels-last, of float or Bfloat16, with channels a multiple of kChannelBlock; arithmetic is float.

namespace fer {

/// Adds up each channel and its squares.
/// @param maps  [pixels, channels]; not more than a picture or two, for sums are float
template <class T>
void add_moments(const T* maps, std::size_t pixels, std::size_t channels, float* sum, float* square);

/// scale * raw + shift for each channel, where `rectified` at least 0; then dropout, if there is any.
/// @param raw, out  [rows, pixels, channels]
template <class T>
void normalise(const T* raw, std::size_t rows, std::size_t pixels, std::size_t channels, const float* scale,
               const float* shift, bool rectified, const DropoutMask* dropout, T* out);

/// Takes a gradient back through rectifier and dropout, as BackwardOutput tells.
/// @param gradient, output's arrays  [pixels, channels]; `output.gradient` may be `gradient` itself
template <class T>
void pass_gradient(const T* gradient, std::size_t pixels, std::size_t channels, const BackwardOutput<T>& output);

/// The gradient of what batch norm was given, slope * gradient + offset + tilt * raw, or if there is a pool, of what
/// that was given.
struct NormGradient {
  const float* slope;   // [channels]; null: all one, and no `offset` and `tilt`
  const float* offset;  // [channels]
  const float* tilt;    // [channels]
};

/// @param gradient  [images, height, width, channels], of the size after the pool
/// @param argmax    of the pool
/// @param raw       what batch norm was given: after the pool if kBeforeNorm, else before it
/// @param out       [images, height, width, channels], of the size before the pool
template <class T, class Out>
void spread_gradient(Pool pool, std::size_t images, std::size_t height, std::size_t width, std::size_t channels,
                     const T* gradient, const std::uint8_t* argmax, const T* raw, const NormGradient& norm, Out* out);

}  // namespace fer
