// Winograd's minimal filtering F(4x4, 3x3), after Lavin and Gray, "Fast algorithms for convolutional neural networks"
// (arXiv 1509.09308, section 4.3): a 3x3 convolution over a 4x4 tile of outputs takes 36 products instead of 144. A
// patch d of 6x6 inputs, a filter g and the tile Y meet in a spectrum of 36 values,
//
//     Y = A' [(G g G') * (B' d B)] A
//
// whose products, summed over channels, are 36 products of matrices. Gradients run the same way: that of the inputs is
// a convolution with filters turned round, and that of a filter is G' [(A dY A') * (B' d B)] G.
//
// Included once for each instruction set.
#if defined(FER_KERNELS_WINOGRAD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef FER_KERNELS_WINOGRAD_INL_H
#undef FER_KERNELS_WINOGRAD_INL_H
#else
#define FER_KERNELS_WINOGRAD_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "kernels/simd-inl.h"
#include "kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

constexpr std::size_t kPatch = 6;   // inputs that they see
constexpr std::size_t kFilter = 3;  // weights
constexpr std::size_t kSpectrum = kPatch * kPatch;

/// B' d: patch to spectrum.
HWY_INLINE void transform_patch(const Vec* d, Vec* t) {
  const Vec two = set(2), four = set(4), five = set(5);
  const Vec a = hn::NegMulAdd(four, d[2], d[4]);
  const Vec b = hn::NegMulAdd(four, d[1], d[3]);
  const Vec c = hn::Sub(d[4], d[2]);
  const Vec e = hn::Mul(two, hn::Sub(d[3], d[1]));
  t[0] = hn::MulAdd(four, d[0], hn::NegMulAdd(five, d[2], d[4]));
  t[1] = hn::Add(a, b);
  t[2] = hn::Sub(a, b);
  t[3] = hn::Add(c, e);
  t[4] = hn::Sub(c, e);
  t[5] = hn::MulAdd(four, d[1], hn::NegMulAdd(five, d[3], d[5]));
}

/// A' m: spectrum to tile.
HWY_INLINE void restore_tile(const Vec* m, Vec* y) {
  const Vec two = set(2), four = set(4), eight = set(8);
  const Vec s = hn::Add(m[1], m[2]), d = hn::Sub(m[1], m[2]);
  const Vec p = hn::Add(m[3], m[4]), q = hn::Sub(m[3], m[4]);
  y[0] = hn::Add(m[0], hn::Add(s, p));
  y[1] = hn::MulAdd(two, q, d);
  y[2] = hn::MulAdd(four, p, s);
  y[3] = hn::Add(hn::MulAdd(eight, q, d), m[5]);
}

/// A y: a tile's gradient to spectrum.
HWY_INLINE void transform_tile(const Vec* y, Vec* z) {
  const Vec two = set(2), four = set(4), eight = set(8);
  const Vec even = hn::Add(y[0], y[2]), odd = hn::Add(y[1], y[3]);
  const Vec even2 = hn::MulAdd(four, y[2], y[0]), odd2 = hn::MulAdd(eight, y[3], hn::Mul(two, y[1]));
  z[0] = y[0];
  z[1] = hn::Add(even, odd);
  z[2] = hn::Sub(even, odd);
  z[3] = hn::Add(even2, odd2);
  z[4] = hn::Sub(even2, odd2);
  z[5] = y[3];
}

/// G g: filter to spectrum.
HWY_INLINE void transform_filter(const Vec* g, Vec* u) {
  const Vec sixth = set(-1.0f / 6);
  const Vec s = hn::Mul(hn::Add(g[0], g[2]), sixth), d = hn::Mul(g[1], sixth);
  const Vec p = hn::MulAdd(g[0], set(1.0f / 24), hn::Mul(g[2], set(1.0f / 6))), q = hn::Mul(g[1], set(1.0f / 12));
  u[0] = hn::Mul(g[0], set(0.25f));
  u[1] = hn::Add(s, d);
  u[2] = hn::Sub(s, d);
  u[3] = hn::Add(p, q);
  u[4] = hn::Sub(p, q);
  u[5] = g[2];
}

/// G' u: spectrum to a filter's gradient.
HWY_INLINE void restore_filter(const Vec* u, Vec* g) {
  const Vec s = hn::Mul(hn::Add(u[1], u[2]), set(-1.0f / 6)), d = hn::Sub(u[1], u[2]);
  const Vec p = hn::Add(u[3], u[4]), q = hn::Sub(u[3], u[4]);
  g[0] = hn::MulAdd(u[0], set(0.25f), hn::MulAdd(p, set(1.0f / 24), s));
  g[1] = hn::MulAdd(q, set(1.0f / 12), hn::Mul(d, set(-1.0f / 6)));
  g[2] = hn::MulAdd(p, set(1.0f / 6), hn::Add(s, u[5]));
}

/// Applies a transform of kFrom values to kTo values along both sides of a square.
/// @param at     at(row, column): the vector there
/// @param write  write(row, column, vector) takes the result
template <std::size_t kFrom, std::size_t kTo, auto kTransform, class At, class Write>
HWY_INLINE void transform_square(const At& at, const Write& write) {
  Vec half[kTo][kFrom];
  FER_UNROLL for (std::size_t column = 0; column < kFrom; ++column) {
    Vec in[kFrom], out[kTo];
    FER_UNROLL for (std::size_t row = 0; row < kFrom; ++row) in[row] = at(row, column);
    kTransform(in, out);
    FER_UNROLL for (std::size_t row = 0; row < kTo; ++row) half[row][column] = out[row];
  }
  FER_UNROLL for (std::size_t row = 0; row < kTo; ++row) {
    Vec out[kTo];
    kTransform(half[row], out);
    FER_UNROLL for (std::size_t column = 0; column < kTo; ++column) write(row, column, out[column]);
  }
}

/// The spectra of many patches or tiles: [36][rows][channels], where between two of the 36 lie a few floats that keep
/// their rows out of each other's lines of the cache.
struct Spectra {
  float* values;
  std::size_t rows;
  std::size_t channels;

  static constexpr std::size_t kGap = 16;
  std::size_t stride() const { return rows * channels + kGap; }
  float* at(std::size_t frequency) const { return values + frequency * stride(); }
};

/// Where the pixels of a square of kSide x kSide lie that may reach over the border, beyond which all is zero.
template <class T, std::size_t kSide>
struct Window {
  const T* pixel[kSide * kSide];

  Window(const T* maps, std::ptrdiff_t row, std::ptrdiff_t column, std::ptrdiff_t height, std::ptrdiff_t width,
         std::size_t channels, const T* zeros) {
    for (std::size_t i = 0; i < kSide; ++i)
      for (std::size_t j = 0; j < kSide; ++j) {
        const auto y = row + static_cast<std::ptrdiff_t>(i), x = column + static_cast<std::ptrdiff_t>(j);
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        pixel[i * kSide + j] = inside ? maps + static_cast<std::size_t>(y * width + x) * channels : zeros;
      }
  }
};

/// Spectra of squares of kSide x kSide pixels, one around each tile, that begin `margin` pixels above and left of it.
/// @param maps   [images, height, width, channels]
/// @param zeros  [channels]
template <std::size_t kSide, auto kTransform, class T>
HWY_NOINLINE void transform_maps(const T* maps, std::size_t images, std::size_t height, std::size_t width,
                                 std::size_t margin, const T* zeros, const Spectra& spectra) {
  const std::size_t channels = spectra.channels, stride = spectra.stride();
  const std::size_t row_stride = width * channels;
  for_each_tile(images, height, width, [&](std::size_t image, std::size_t row, std::size_t column, std::size_t index) {
    const T* picture = maps + image * height * row_stride;
    float* to = spectra.values + index * channels;
    const auto write_at = [&](std::size_t channel) {
      return [=](std::size_t i, std::size_t j, Vec value) { store(value, to + (i * kPatch + j) * stride + channel); };
    };
    const bool inside =
        row >= margin && column >= margin && row - margin + kSide <= height && column - margin + kSide <= width;
    if (inside) {
      const T* corner = picture + (row - margin) * row_stride + (column - margin) * channels;
      for (std::size_t c = 0; c < channels; c += kLanes)
        transform_square<kSide, kPatch, kTransform>(
            [&](std::size_t i, std::size_t j) { return load(corner + i * row_stride + j * channels + c); },
            write_at(c));
    } else {
      const auto first = [&](std::size_t place) {
        return static_cast<std::ptrdiff_t>(place) - static_cast<std::ptrdiff_t>(margin);
      };
      const Window<T, kSide> window(picture, first(row), first(column), static_cast<std::ptrdiff_t>(height),
                                    static_cast<std::ptrdiff_t>(width), channels, zeros);
      for (std::size_t c = 0; c < channels; c += kLanes)
        transform_square<kSide, kPatch, kTransform>(
            [&](std::size_t i, std::size_t j) { return load(window.pixel[i * kSide + j] + c); }, write_at(c));
    }
  });
}

/// product[row][column] = sum over k of left[k * left_step + row * left_row] * right[k * right_step + column], for
/// kRows rows and kVectors vectors of columns; or is added to, if kAdds.
template <std::size_t kRows, std::size_t kVectors, bool kAdds>
HWY_NOINLINE void multiply(const float* HWY_RESTRICT left, std::size_t left_row, std::size_t left_step,
                           const float* HWY_RESTRICT right, std::size_t right_step, std::size_t depth,
                           float* HWY_RESTRICT product, std::size_t product_row) {
  // Rows by threes: an address may add one or two strides to a base, but not more.
  constexpr std::size_t kBases = (kRows + 2) / 3;
  const float* base[kBases];
  FER_UNROLL for (std::size_t i = 0; i < kBases; ++i) base[i] = left + 3 * i * left_row;
  Vec sums[kRows][kVectors];
  FER_UNROLL for (std::size_t i = 0; i < kRows; ++i) FER_UNROLL for (std::size_t v = 0; v < kVectors; ++v) sums[i][v] =
      kAdds ? load(product + i * product_row + v * kLanes) : zero();
  for (std::size_t k = 0; k < depth; ++k) {
    Vec columns[kVectors];
    FER_UNROLL for (std::size_t v = 0; v < kVectors; ++v) columns[v] = load(right + v * kLanes);
    FER_UNROLL for (std::size_t i = 0; i < kRows; ++i) {
      const Vec value = set(base[i / 3][i % 3 * left_row]);
      FER_UNROLL for (std::size_t v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(value, columns[v], sums[i][v]);
    }
    FER_UNROLL for (std::size_t i = 0; i < kBases; ++i) base[i] += left_step;
    right += right_step;
  }
  FER_UNROLL for (std::size_t i = 0; i < kRows; ++i) FER_UNROLL for (std::size_t v = 0; v < kVectors; ++v)
      store(sums[i][v], product + i * product_row + v * kLanes);
}

// Accumulators fill the registers: 32 of them from AVX-512 on, else 16.
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3;
constexpr std::size_t kPatchRows = kManyRegisters ? 12 : 6;  // patches that multiply() takes at a time
constexpr std::size_t kFilterRows = kManyRegisters ? 8 : 4;  // and filters, for their gradient
constexpr std::size_t kPanel = 2 * kLanes;                   // columns

/// Calls visit(first, columns) for panels of columns, all kPanel wide but perhaps the last.
template <class Visit>
HWY_INLINE void for_each_panel(std::size_t columns, const Visit& visit) {
  for (std::size_t first = 0; first < columns; first += kPanel) visit(first, HWY_MIN(kPanel, columns - first));
}

/// products[36][rows][panel] = patches times a panel [36][channels][panel] of filters. `rows` is a
/// multiple of kPatchRows: those behind the last tile were never set, and nobody reads their products.
HWY_INLINE void multiply_panel(const Spectra& patches, const float* filters, const Spectra& products) {
  const std::size_t channels = patches.channels, panel = products.channels;
  const auto product = panel == kPanel ? multiply<kPatchRows, 2, false> : multiply<kPatchRows, 1, false>;
  for (std::size_t frequency = 0; frequency < kSpectrum; ++frequency)
    for (std::size_t row = 0; row < patches.rows; row += kPatchRows)
      product(patches.at(frequency) + row * channels, channels, 1, filters + frequency * channels * panel, panel,
              channels, products.at(frequency) + row * panel, panel);
}

/// Adds to sums[36][tiles.channels][patches.channels] the products over the first `count` rows.
HWY_INLINE void add_filter_spectra(const Spectra& tiles, const Spectra& patches, std::size_t count, float* sums) {
  const std::size_t outputs = tiles.channels, inputs = patches.channels;
  for (std::size_t frequency = 0; frequency < kSpectrum; ++frequency)
    for_each_panel(inputs, [&](std::size_t first, std::size_t columns) {
      const auto product = columns == kPanel ? multiply<kFilterRows, 2, true> : multiply<kFilterRows, 1, true>;
      for (std::size_t output = 0; output < outputs; output += kFilterRows)
        product(tiles.at(frequency) + output, 1, outputs, patches.at(frequency) + first, inputs, count,
                sums + (frequency * outputs + output) * inputs + first, inputs);
    });
}

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#endif
