#include "kernels/normalisation.h"

#include "kernels/instruction_sets.h"

// Highway includes this file once more for each of them.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/normalisation.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/dropout-inl.h"
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

template <class T>
HWY_INLINE void moments(const T* maps, std::size_t pixels, std::size_t channels, float* sum, float* square) {
  for (std::size_t c = 0; c < channels; c += kLanes) {
    Vec sums = zero(), squares = zero();
    for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
      const Vec value = load(maps + pixel * channels + c);
      sums = hn::Add(sums, value);
      squares = hn::MulAdd(value, value, squares);
    }
    add_to(sum + c, sums);
    add_to(square + c, squares);
  }
}

/// Calls visit(position, factors) for all groups of a row; of the last one less may count.
template <class Visit>
HWY_INLINE void for_each_group(const DropoutMask& dropout, std::size_t row, std::size_t size, const Visit& visit) {
  HWY_ALIGN float factors[DropoutMask::kGroup];
  for (std::size_t first = 0; first < size; first += DropoutMask::kGroup) {
    dropout_factors(dropout, row, first / DropoutMask::kGroup, factors);
    visit(first, HWY_MIN(DropoutMask::kGroup, size - first), factors);
  }
}

template <class T>
HWY_INLINE void normalise_rows(const T* raw, std::size_t rows, std::size_t pixels, std::size_t channels,
                               const float* scale, const float* shift, bool rectified, const DropoutMask* dropout,
                               T* out) {
  const Vec least = least_output(rectified);
  const std::size_t size = pixels * channels;
  const auto normalised = [&](std::size_t at, std::size_t channel) {
    return rectify(hn::MulAdd(load(scale + channel), load(raw + at), load(shift + channel)), least);
  };
  for (std::size_t row = 0; row < rows; ++row, raw += size, out += size) {
    std::size_t channel = 0;
    const auto next_channel = [&] { channel = channel + kLanes == channels ? 0 : channel + kLanes; };
    if (dropout != nullptr) {
      for_each_group(*dropout, row, size, [&](std::size_t at, std::size_t count, const float* factors) {
        for (std::size_t i = 0; i < count; i += kLanes, next_channel())
          store(hn::Mul(normalised(at + i, channel), load(factors + i)), out + at + i);
      });
    } else {
      for (std::size_t at = 0; at < size; at += kLanes, next_channel()) store(normalised(at, channel), out + at);
    }
  }
}

template <class T>
HWY_INLINE void drop_rows(const DropoutMask& dropout, std::size_t rows, std::size_t size, T* maps) {
  for (std::size_t row = 0; row < rows; ++row, maps += size)
    for_each_group(dropout, row, size, [&](std::size_t at, std::size_t count, const float* factors) {
      std::size_t i = 0;
      for (; i + kLanes <= count; i += kLanes) store(hn::Mul(load(maps + at + i), load(factors + i)), maps + at + i);
      for (; i < count; ++i) {
        T padded[kLanes] = {maps[at + i]};
        store(hn::Mul(load(padded), set(factors[i])), padded);
        maps[at + i] = padded[0];
      }
    });
}

template <class T>
HWY_INLINE void pass_back(const T* gradient, std::size_t pixels, std::size_t channels,
                          const BackwardOutput<T>& output) {
  const Vec factor = set(output.factor);
  for (std::size_t c = 0; c < channels; c += kLanes) {
    Vec sum = zero(), dot = zero();
    for (std::size_t at = c; at < pixels * channels; at += channels) {
      Vec value = hn::Mul(load(gradient + at), factor);
      if (output.passed != nullptr) value = hn::IfThenElseZero(hn::Gt(load(output.passed + at), zero()), value);
      store(value, output.gradient + at);
      sum = hn::Add(sum, value);
      if (output.raw != nullptr) dot = hn::MulAdd(value, load(output.raw + at), dot);
    }
    if (output.sum != nullptr) add_to(output.sum + c, sum);
    if (output.raw != nullptr) add_to(output.dot + c, dot);
  }
}

/// slope, offset and tilt of a few channels.
struct Line {
  Vec slope, offset, tilt;

  Line(const NormGradient& norm, std::size_t channel) : slope(set(1)), offset(zero()), tilt(zero()) {
    if (norm.slope == nullptr) return;
    slope = load(norm.slope + channel);
    offset = load(norm.offset + channel);
    tilt = load(norm.tilt + channel);
  }
};

template <class T, class Out>
HWY_INLINE void spread(Pool pool, std::size_t images, std::size_t height, std::size_t width, std::size_t channels,
                       const T* gradient, const std::uint8_t* argmax, const T* raw, const NormGradient& norm,
                       Out* out) {
  if (pool == Pool::kNone) {
    for (std::size_t pixel = 0; pixel < images * height * width; ++pixel)
      for (std::size_t c = 0; c < channels; c += kLanes) {
        const std::size_t at = pixel * channels + c;
        const Line line(norm, c);
        Vec value = hn::MulAdd(line.slope, load(gradient + at), line.offset);
        if (norm.slope != nullptr) value = hn::MulAdd(line.tilt, load(raw + at), value);
        store(value, out + at);
      }
    return;
  }
  const std::size_t pooled_width = width / 2, pooled_height = height / 2;
  // Batch norm gives all of its inputs a gradient, the pool only the largest of its own.
  const bool everywhere = pool == Pool::kAfterNorm && norm.slope != nullptr;
  for (std::size_t y = 0; y < images * height; ++y)
    for (std::size_t x = 0; x < width; ++x) {
      const std::size_t image = y / height, row = y % height;
      const bool in_window = row / 2 < pooled_height && x / 2 < pooled_width;
      const std::size_t from = ((image * pooled_height + row / 2) * pooled_width + x / 2) * channels;
      const std::size_t to = (y * width + x) * channels;
      const Vec index = set(static_cast<float>(row % 2 * 2 + x % 2));
      for (std::size_t c = 0; c < channels; c += kLanes) {
        const Line line(norm, c);
        Vec value = everywhere ? hn::MulAdd(line.tilt, load(raw + to + c), line.offset) : zero();
        if (in_window) {
          Vec largest = hn::Mul(line.slope, load(gradient + from + c));
          if (!everywhere && norm.slope != nullptr)
            largest = hn::Add(largest, hn::MulAdd(line.tilt, load(raw + from + c), line.offset));
          const auto here = hn::Eq(load_bytes(argmax + from + c), index);
          value = hn::Add(value, hn::IfThenElseZero(here, largest));
        }
        store(value, out + to + c);
      }
    }
}

// Highway exports functions, not templates.
#define FER_EXPORTED(T, NAME)                                                                                         \
  void moments_##NAME(const T* maps, std::size_t pixels, std::size_t channels, float* sum, float* square) {           \
    moments(maps, pixels, channels, sum, square);                                                                     \
  }                                                                                                                   \
  void normalise_##NAME(const T* raw, std::size_t rows, std::size_t pixels, std::size_t channels, const float* scale, \
                        const float* shift, bool rectified, const DropoutMask* dropout, T* out) {                     \
    normalise_rows(raw, rows, pixels, channels, scale, shift, rectified, dropout, out);                               \
  }                                                                                                                   \
  void drop_##NAME(const DropoutMask& dropout, std::size_t rows, std::size_t size, T* maps) {                         \
    drop_rows(dropout, rows, size, maps);                                                                             \
  }                                                                                                                   \
  void pass_##NAME(const T* gradient, std::size_t pixels, std::size_t channels, const BackwardOutput<T>& output) {    \
    pass_back(gradient, pixels, channels, output);                                                                    \
  }                                                                                                                   \
  void spread_##NAME(Pool pool, std::size_t images, std::size_t height, std::size_t width, std::size_t channels,      \
                     const T* gradient, const std::uint8_t* argmax, const T* raw, const NormGradient& norm,           \
                     float* out) {                                                                                    \
    spread(pool, images, height, width, channels, gradient, argmax, raw, norm, out);                                  \
  }
FER_EXPORTED(float, float)
FER_EXPORTED(Bfloat16, bfloat16)
#undef FER_EXPORTED

void spread_to_bfloat16(Pool pool, std::size_t images, std::size_t height, std::size_t width, std::size_t channels,
                        const Bfloat16* gradient, const std::uint8_t* argmax, const Bfloat16* raw,
                        const NormGradient& norm, Bfloat16* out) {
  spread(pool, images, height, width, channels, gradient, argmax, raw, norm, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fer {

#define FER_DISPATCHED(T, NAME)                                                                                      \
  HWY_EXPORT(moments_##NAME);                                                                                        \
  HWY_EXPORT(normalise_##NAME);                                                                                      \
  HWY_EXPORT(drop_##NAME);                                                                                           \
  HWY_EXPORT(pass_##NAME);                                                                                           \
  HWY_EXPORT(spread_##NAME);                                                                                         \
  template <>                                                                                                        \
  void add_moments(const T* maps, std::size_t pixels, std::size_t channels, float* sum, float* square) {             \
    HWY_DYNAMIC_DISPATCH(moments_##NAME)(maps, pixels, channels, sum, square);                                       \
  }                                                                                                                  \
  template <>                                                                                                        \
  void normalise(const T* raw, std::size_t rows, std::size_t pixels, std::size_t channels, const float* scale,       \
                 const float* shift, bool rectified, const DropoutMask* dropout, T* out) {                           \
    HWY_DYNAMIC_DISPATCH(normalise_##NAME)                                                                           \
    (raw, rows, pixels, channels, scale, shift, rectified, dropout, out);                                            \
  }                                                                                                                  \
  template <>                                                                                                        \
  void drop(const DropoutMask& dropout, std::size_t rows, std::size_t size, T* maps) {                               \
    HWY_DYNAMIC_DISPATCH(drop_##NAME)(dropout, rows, size, maps);                                                    \
  }                                                                                                                  \
  template <>                                                                                                        \
  void pass_gradient(const T* gradient, std::size_t pixels, std::size_t channels, const BackwardOutput<T>& output) { \
    HWY_DYNAMIC_DISPATCH(pass_##NAME)(gradient, pixels, channels, output);                                           \
  }                                                                                                                  \
  template <>                                                                                                        \
  void spread_gradient(Pool pool, std::size_t images, std::size_t height, std::size_t width, std::size_t channels,   \
                       const T* gradient, const std::uint8_t* argmax, const T* raw, const NormGradient& norm,        \
                       float* out) {                                                                                 \
    HWY_DYNAMIC_DISPATCH(spread_##NAME)                                                                              \
    (pool, images, height, width, channels, gradient, argmax, raw, norm, out);                                       \
  }
FER_DISPATCHED(float, float)
FER_DISPATCHED(Bfloat16, bfloat16)
#undef FER_DISPATCHED

HWY_EXPORT(spread_to_bfloat16);
template <>
void spread_gradient(Pool pool, std::size_t images, std::size_t height, std::size_t width, std::size_t channels,
                     const Bfloat16* gradient, const std::uint8_t* argmax, const Bfloat16* raw,
                     const NormGradient& norm, Bfloat16* out) {
  HWY_DYNAMIC_DISPATCH(spread_to_bfloat16)
  (pool, images, height, width, channels, gradient, argmax, raw, norm, out);
}

}  // namespace fer

#endif  // HWY_ONCE
