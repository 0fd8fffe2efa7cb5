// Convolutions in pieces: maps to spectra, filters to spectra, and their products. Included once for each instruction
// set.
#if defined(FER_KERNELS_WINOGRAD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef FER_KERNELS_WINOGRAD_INL_H
#undef FER_KERNELS_WINOGRAD_INL_H
#else
#define FER_KERNELS_WINOGRAD_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "kernels/convolution.h"
#include "kernels/products-inl.h"
#include "kernels/simd-inl.h"
#include "kernels/tile-inl.h"
#include "kernels/winograd_transforms-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

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

/// Floats between the values of one frequency and of the next, without which powers of two would put all frequencies of
/// a place into the same lines of the cache.
constexpr std::size_t kGap = 16;

/// The spectra of many patches or tiles: [kSpectrum][rows][channels].
struct Spectra {
  float* values;
  std::size_t rows;
  std::size_t channels;

  std::size_t stride() const { return rows * channels + kGap; }
  float* at(std::size_t frequency) const { return values + frequency * stride(); }
};

/// Where the spectra of filters lie: [panel][kSpectrum][inputs][columns of the panel].
struct FilterLayout {
  std::size_t spectrum;
  std::size_t inputs;
  std::size_t outputs;

  std::size_t stride(std::size_t columns) const { return inputs * columns + kGap; }
  /// @param first  output of the panel
  std::size_t panel(std::size_t first) const { return spectrum * (inputs * first + first / kPanel * kGap); }
  std::size_t floats() const { return panel(outputs) + spectrum * kGap; }
};

/// Where their gradients lie: [kSpectrum][outputs][inputs].
struct GradientLayout {
  std::size_t spectrum;
  std::size_t inputs;
  std::size_t outputs;

  std::size_t stride() const { return inputs * outputs + kGap; }
  std::size_t floats() const { return spectrum * stride(); }
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
template <class Method, std::size_t kSide, auto kTransform, class T>
HWY_NOINLINE void transform_maps(const T* maps, std::size_t images, std::size_t height, std::size_t width,
                                 std::size_t margin, const T* zeros, const Spectra& spectra) {
  constexpr std::size_t kPatch = Method::kPatch;
  const std::size_t channels = spectra.channels, stride = spectra.stride();
  const std::size_t row_stride = width * channels;
  for_each_tile<Method::kTile>(
      images, height, width, [&](std::size_t image, std::size_t row, std::size_t column, std::size_t index) {
        const T* picture = maps + image * height * row_stride;
        float* to = spectra.values + index * channels;
        const auto write_at = [&](std::size_t channel) {
          return
              [=](std::size_t i, std::size_t j, Vec value) { store(value, to + (i * kPatch + j) * stride + channel); };
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

/// Spectra of the patches that the tiles of outputs see.
template <class Method, class T>
HWY_INLINE void transform_patches(const T* maps, std::size_t images, std::size_t height, std::size_t width,
                                  const T* zeros, const Spectra& spectra) {
  transform_maps<Method, Method::kPatch, Method::transform_patch>(maps, images, height, width, /*margin=*/1, zeros,
                                                                  spectra);
}

/// Spectra of tiles of the outputs' gradient.
template <class Method>
HWY_INLINE void transform_tiles(const float* maps, std::size_t images, std::size_t height, std::size_t width,
                                const float* zeros, const Spectra& spectra) {
  transform_maps<Method, Method::kTile, Method::transform_tile>(maps, images, height, width, /*margin=*/0, zeros,
                                                                spectra);
}

/// products[kSpectrum][rows][columns] = patches times the panel of filters whose first output is `first`. `rows` is a
/// multiple of kPatchRows: those behind the last tile were never set, and nobody reads their products.
/// @param filters  of FilterLayout
template <class Method>
HWY_INLINE void multiply_panel(const Spectra& patches, const float* filters, const FilterLayout& layout,
                               std::size_t first, const Spectra& products) {
  const std::size_t channels = patches.channels, columns = products.channels;
  const auto product = columns == kPanel ? multiply<kPatchRows, 2, false> : multiply<kPatchRows, 1, false>;
  for (std::size_t frequency = 0; frequency < Method::kSpectrum; ++frequency)
    for (std::size_t row = 0; row < patches.rows; row += kPatchRows)
      product(patches.at(frequency) + row * channels, channels, 1,
              filters + layout.panel(first) + frequency * layout.stride(columns), columns, channels,
              products.at(frequency) + row * columns, columns);
}

/// Adds to `sums`, which lie in a GradientLayout, the products over the first `count` rows.
template <class Method>
HWY_INLINE void add_filter_spectra(const Spectra& tiles, const Spectra& patches, std::size_t count, float* sums) {
  const std::size_t outputs = tiles.channels, inputs = patches.channels;
  const GradientLayout layout{Method::kSpectrum, inputs, outputs};
  for (std::size_t frequency = 0; frequency < Method::kSpectrum; ++frequency)
    for_each_panel(inputs, [&](std::size_t first, std::size_t columns) {
      const auto product = columns == kPanel ? multiply<kFilterRows, 2, true> : multiply<kFilterRows, 1, true>;
      for (std::size_t output = 0; output < outputs; output += kFilterRows)
        product(tiles.at(frequency) + output, 1, outputs, patches.at(frequency) + first, inputs, count,
                sums + frequency * layout.stride() + output * inputs + first, inputs);
    });
}

/// Spectra, in a FilterLayout, of filters that weight(output, tap, input) reads, kLanes outputs at a time.
template <class Method, class Weight>
HWY_INLINE void transform_all_filters(std::size_t inputs, std::size_t outputs, const Weight& weight, float* spectra,
                                      Slice slice) {
  const FilterLayout layout{Method::kSpectrum, inputs, outputs};
  const std::size_t end = slice.end(outputs, kPanel);
  for (std::size_t first = slice.begin(outputs, kPanel); first < end; first += kPanel) {
    const std::size_t columns = HWY_MIN(kPanel, outputs - first), stride = layout.stride(columns);
    float* panel = spectra + layout.panel(first);
    for (std::size_t input = 0; input < inputs; ++input)
      for (std::size_t column = 0; column < columns; column += kLanes)
        transform_square<kFilter, Method::kPatch, Method::transform_filter>(
            [&](std::size_t i, std::size_t j) { return weight(first + column, i * kFilter + j, input); },
            [&](std::size_t i, std::size_t j, Vec value) {
              store(value, panel + (i * Method::kPatch + j) * stride + input * columns + column);
            });
  }
}

template <class Method>
HWY_INLINE void filters_to_spectra(const ConvolutionShape& shape, const float* weights, float* spectra, Slice slice) {
  const auto inputs = static_cast<std::size_t>(shape.inputs), outputs = static_cast<std::size_t>(shape.outputs);
  constexpr std::size_t kTaps = kFilter * kFilter;
  const hn::RebindToSigned<Lanes> whole;
  const auto next_output = hn::Mul(hn::Iota(whole, 0), hn::Set(whole, static_cast<std::int32_t>(kTaps * inputs)));
  transform_all_filters<Method>(
      inputs, outputs,
      [&](std::size_t output, std::size_t tap, std::size_t input) {
        return hn::GatherIndex(kFloats, weights + (output * kTaps + tap) * inputs + input, next_output);
      },
      spectra, slice);
}

template <class Method>
HWY_INLINE void turned_filters_to_spectra(const ConvolutionShape& shape, const float* weights, float* spectra,
                                          Slice slice) {
  const auto inputs = static_cast<std::size_t>(shape.inputs), outputs = static_cast<std::size_t>(shape.outputs);
  constexpr std::size_t kTaps = kFilter * kFilter;
  transform_all_filters<Method>(
      outputs, inputs,
      [&](std::size_t input, std::size_t tap, std::size_t output) {
        return load(weights + (output * kTaps + kTaps - 1 - tap) * inputs + input);
      },
      spectra, slice);
}

template <class Method>
HWY_INLINE void spectra_to_filters(const ConvolutionShape& shape, const float* gradients, float* weights, Slice slice) {
  const auto inputs = static_cast<std::size_t>(shape.inputs), outputs = static_cast<std::size_t>(shape.outputs);
  const GradientLayout layout{Method::kSpectrum, inputs, outputs};
  const std::size_t end = slice.end(outputs, 1);
  for (std::size_t output = slice.begin(outputs, 1); output < end; ++output)
    for (std::size_t input = 0; input < inputs; input += kLanes)
      transform_square<Method::kPatch, kFilter, Method::restore_filter>(
          [&](std::size_t i, std::size_t j) {
            return load(gradients + (i * Method::kPatch + j) * layout.stride() + output * inputs + input);
          },
          [&](std::size_t i, std::size_t j, Vec value) {
            store(value, weights + ((output * kFilter + i) * kFilter + j) * inputs + input);
          });
}

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#endif
