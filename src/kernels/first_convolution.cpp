#include "kernels/first_convolution.h"

#include <algorithm>
#include <utility>

#include "kernels/instruction_sets.h"

// Highway includes this file once more for each of them.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/first_convolution.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/tile-inl.h"

#ifndef FER_KERNELS_FIRST_CONVOLUTION_ONCE
#define FER_KERNELS_FIRST_CONVOLUTION_ONCE
namespace fer {

/// A picture with its border, and on the right and below so much more that whole tiles and vectors may be read.
struct BorderedPicture {
  std::size_t width, height;

  explicit BorderedPicture(const FirstConvolutionShape& shape)
      : width(static_cast<std::size_t>(shape.width + 2 * shape.padding + 4 * shape.stride) + 16),
        height(static_cast<std::size_t>(shape.height + 2 * shape.padding + 4 * shape.stride)) {}

  void fill(const FirstConvolutionShape& shape, const float* pixels, float* bordered) const {
    std::fill_n(bordered, width * height, 0.0f);
    for (std::int64_t row = 0; row < shape.height; ++row)
      std::copy_n(pixels + row * shape.width, shape.width,
                  bordered + static_cast<std::size_t>(row + shape.padding) * width + shape.padding);
  }
};

}  // namespace fer
#endif

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

constexpr std::size_t kMostTaps = kMostFirstKernel * kMostFirstKernel;
constexpr std::size_t kTile = 4;  // outputs in registers, in height and in width

/// Where in a bordered picture the pixel of each tap lies, seen from a patch's first.
struct Taps {
  std::size_t count;
  std::size_t offset[kMostTaps];

  Taps(const FirstConvolutionShape& shape, std::size_t width) : count(static_cast<std::size_t>(shape.taps())) {
    const auto kernel = static_cast<std::size_t>(shape.kernel);
    for (std::size_t tap = 0; tap < count; ++tap) offset[tap] = tap / kernel * width + tap % kernel;
  }
};

void patch_moments(const FirstConvolutionShape& shape, const float* pixels, double* sums, double* products,
                   float* scratch) {
  constexpr std::size_t kTaps = kMomentKernel * kMomentKernel;
  const BorderedPicture picture(shape);
  picture.fill(shape, pixels, scratch);
  const Taps taps(shape, picture.width);
  const auto height = static_cast<std::size_t>(shape.out_height()), width = static_cast<std::size_t>(shape.out_width());
  for (std::size_t first = 0; first < kTaps; ++first) {
    Vec sum = zero(), product[kTaps];
    FER_UNROLL for (std::size_t second = 0; second < kTaps; ++second) product[second] = zero();
    for (std::size_t row = 0; row < height; ++row)
      for (std::size_t column = 0; column < width; column += kLanes) {
        const float* patch = scratch + row * picture.width + column;
        const std::size_t inside = HWY_MIN(kLanes, width - column);
        const Vec value = hn::IfThenElseZero(hn::FirstN(kFloats, inside), load(patch + taps.offset[first]));
        sum = hn::Add(sum, value);
        FER_UNROLL for (std::size_t second = 0; second < kTaps; ++second) if (second >= first) product[second] =
            hn::MulAdd(value, load(patch + taps.offset[second]), product[second]);
      }
    sums[first] += hn::GetLane(hn::SumOfLanes(kFloats, sum));
    FER_UNROLL for (std::size_t second = 0; second < kTaps; ++second) if (second >= first)
        products[first * kTaps + second] += hn::GetLane(hn::SumOfLanes(kFloats, product[second]));
  }
}

template <std::size_t kStride, class T>
HWY_INLINE void convolve_picture(const FirstConvolutionShape& shape, const float* pixels, const float* weights,
                                 const FinishedOutput<T>& output, float* scratch) {
  const BorderedPicture picture(shape);
  picture.fill(shape, pixels, scratch);
  const Taps taps(shape, picture.width);
  const MapShape maps{static_cast<std::size_t>(shape.out_height()), static_cast<std::size_t>(shape.out_width()),
                      static_cast<std::size_t>(shape.outputs)};
  for (std::size_t channel = 0; channel < maps.channels; channel += kLanes) {
    FinishedEpilogue<T> epilogue(maps, output, channel);
    for_each_tile<kTile>(
        1, maps.height, maps.width, [&](std::size_t, std::size_t row, std::size_t column, std::size_t) {
          const float* corner = scratch + kStride * (row * picture.width + column);
          Vec sums[kTile * kTile];
          FER_UNROLL for (std::size_t i = 0; i < kTile * kTile; ++i) sums[i] = zero();
          for (std::size_t tap = 0; tap < taps.count; ++tap) {
            const Vec weight = load(weights + tap * maps.channels + channel);
            FER_UNROLL for (std::size_t i = 0; i < kTile; ++i) {
              const float* from = corner + taps.offset[tap] + i * kStride * picture.width;
              FER_UNROLL for (std::size_t j = 0; j < kTile; ++j) sums[i * kTile + j] =
                  hn::MulAdd(weight, set(from[j * kStride]), sums[i * kTile + j]);
            }
          }
          HWY_ALIGN float values[kTile * kTile * kLanes];
          FER_UNROLL for (std::size_t i = 0; i < kTile * kTile; ++i) store(sums[i], values + i * kLanes);
          epilogue.take(Tile<kTile>(0, row, column, maps, values));
        });
  }
}

/// Adds the gradient at one patch, for kCount taps from `first` on.
template <std::size_t kCount>
HWY_INLINE void add_patch(const Taps& taps, std::size_t first, const float* patch, Vec gradient, Vec* sums) {
  FER_UNROLL for (std::size_t tap = 0; tap < kCount; ++tap) sums[tap] =
      hn::MulAdd(gradient, set(patch[taps.offset[first + tap]]), sums[tap]);
}

/// Adds up the products with so many taps in one pass over the gradient.
template <std::size_t kCount, class T>
HWY_INLINE void add_taps(const FirstConvolutionShape& shape, const Taps& taps, std::size_t first,
                         const BorderedPicture& picture, const float* bordered, const T* gradient,
                         const std::uint8_t* argmax, float* sums) {
  const auto channels = static_cast<std::size_t>(shape.outputs), stride = static_cast<std::size_t>(shape.stride);
  const std::size_t shrink = argmax == nullptr ? 1 : 2;
  const auto height = static_cast<std::size_t>(shape.out_height()) / shrink,
             width = static_cast<std::size_t>(shape.out_width()) / shrink;
  for (std::size_t channel = 0; channel < channels; channel += kLanes) {
    Vec own[kCount];
    FER_UNROLL for (std::size_t tap = 0; tap < kCount; ++tap) own[tap] = zero();
    for (std::size_t row = 0; row < height; ++row)
      for (std::size_t column = 0; column < width; ++column) {
        const std::size_t at = (row * width + column) * channels + channel;
        const float* patch = bordered + shrink * stride * (row * picture.width + column);
        const Vec value = load(gradient + at);
        if (argmax == nullptr) {
          add_patch<kCount>(taps, first, patch, value, own);
          continue;
        }
        const Vec index = load_bytes(argmax + at);
        for (std::size_t i = 0; i < 4; ++i)
          add_patch<kCount>(taps, first, patch + stride * (i / 2 * picture.width + i % 2),
                            hn::IfThenElseZero(hn::Eq(index, set(static_cast<float>(i))), value), own);
      }
    FER_UNROLL for (std::size_t tap = 0; tap < kCount; ++tap)
        add_to(sums + (first + tap) * channels + channel, own[tap]);
  }
}

template <class T>
HWY_INLINE void convolve_picture_back(const FirstConvolutionShape& shape, const float* pixels, const T* gradient,
                                      const std::uint8_t* argmax, float* sums, float* scratch) {
  const BorderedPicture picture(shape);
  picture.fill(shape, pixels, scratch);
  const Taps taps(shape, picture.width);
  std::size_t tap = 0;
  if (taps.count == 9) add_taps<9>(shape, taps, std::exchange(tap, 9), picture, scratch, gradient, argmax, sums);
  for (; tap + 4 <= taps.count; tap += 4) add_taps<4>(shape, taps, tap, picture, scratch, gradient, argmax, sums);
  for (; tap < taps.count; ++tap) add_taps<1>(shape, taps, tap, picture, scratch, gradient, argmax, sums);

  const auto channels = static_cast<std::size_t>(shape.outputs);
  const std::size_t shrink = argmax == nullptr ? 1 : 2;
  const std::size_t count = static_cast<std::size_t>(shape.out_height()) / shrink *
                            (static_cast<std::size_t>(shape.out_width()) / shrink) * channels;
  for (std::size_t channel = 0; channel < channels; channel += kLanes) {
    Vec sum = zero();
    for (std::size_t at = channel; at < count; at += channels) sum = hn::Add(sum, load(gradient + at));
    add_to(sums + taps.count * channels + channel, sum);
  }
}

// Highway exports functions, not templates.
#define FER_EXPORTED(T, NAME)                                                                         \
  void convolve_##NAME(const FirstConvolutionShape& shape, const float* pixels, const float* weights, \
                       const FinishedOutput<T>& output, float* scratch) {                             \
    const auto convolve = shape.stride == 1 ? convolve_picture<1, T> : convolve_picture<2, T>;        \
    convolve(shape, pixels, weights, output, scratch);                                                \
  }                                                                                                   \
  void back_##NAME(const FirstConvolutionShape& shape, const float* pixels, const T* gradient,        \
                   const std::uint8_t* argmax, float* sums, float* scratch) {                         \
    convolve_picture_back(shape, pixels, gradient, argmax, sums, scratch);                            \
  }
FER_EXPORTED(float, float)
FER_EXPORTED(Bfloat16, bfloat16)
#undef FER_EXPORTED

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fer {

HWY_EXPORT(patch_moments);

std::size_t first_convolution_scratch(const FirstConvolutionShape& shape) {
  const BorderedPicture picture(shape);
  return picture.width * picture.height;
}

void add_patch_moments(const FirstConvolutionShape& shape, const float* pixels, double* sums, double* products,
                       float* scratch) {
  HWY_DYNAMIC_DISPATCH(patch_moments)(shape, pixels, sums, products, scratch);
}

#define FER_DISPATCHED(T, NAME)                                                                        \
  HWY_EXPORT(convolve_##NAME);                                                                         \
  HWY_EXPORT(back_##NAME);                                                                             \
  template <>                                                                                          \
  void first_convolve(const FirstConvolutionShape& shape, const float* pixels, const float* weights,   \
                      const FinishedOutput<T>& output, float* scratch) {                               \
    HWY_DYNAMIC_DISPATCH(convolve_##NAME)(shape, pixels, weights, output, scratch);                    \
  }                                                                                                    \
  template <>                                                                                          \
  void first_convolve_back(const FirstConvolutionShape& shape, const float* pixels, const T* gradient, \
                           const std::uint8_t* argmax, float* sums, float* scratch) {                  \
    HWY_DYNAMIC_DISPATCH(back_##NAME)(shape, pixels, gradient, argmax, sums, scratch);                 \
  }
FER_DISPATCHED(float, float)
FER_DISPATCHED(Bfloat16, bfloat16)
#undef FER_DISPATCHED

}  // namespace fer

#endif  // HWY_ONCE
