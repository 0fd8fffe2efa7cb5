#include "kernels/convolution.h"

#include <algorithm>

#include "kernels/instruction_sets.h"

// Highway includes this file once more for each of them.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/convolution.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/convolution_epilogues-inl.h"
#include "kernels/winograd-inl.h"

#ifndef FER_KERNELS_CONVOLUTION_ONCE
#define FER_KERNELS_CONVOLUTION_ONCE
namespace fer {

constexpr std::size_t kRowBlock = 12;  // a multiple of the rows that any instruction set multiplies at a time

constexpr std::size_t up_to_multiple(std::size_t value, std::size_t of) {
  return (value + of - 1) / of * of;
}

inline std::size_t tiles_with(const ConvolutionShape& shape, std::size_t side) {
  const auto along = [side](std::int64_t whole) { return (static_cast<std::size_t>(whole) + side - 1) / side; };
  return along(shape.height) * along(shape.width);
}

/// The side of the tiles that take the fewest products. A pool's windows do not fit into tiles of 3, but a picture
/// does.
inline std::size_t tile_side(const ConvolutionShape& shape) {
  const auto products = [&](std::size_t side) { return tiles_with(shape, side) * (side + 2) * (side + 2); };
  if (shape.tile > 0) return static_cast<std::size_t>(shape.tile);
  if (shape.height <= 3 && shape.width <= 3) return 3;
  return products(6) < products(4) ? 6 : 4;
}

inline std::size_t tiles_of(const ConvolutionShape& shape) {
  return tiles_with(shape, tile_side(shape));
}

inline std::size_t spectrum_of(const ConvolutionShape& shape) {
  return (tile_side(shape) + 2) * (tile_side(shape) + 2);
}

inline std::size_t most_rows(const ConvolutionShape& shape) {
  return up_to_multiple(static_cast<std::size_t>(images_per_block(shape)) * tiles_of(shape), kRowBlock);
}

}  // namespace fer
#endif

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

/// Calls visit(Winograd<side>()) for the side of the tiles of these maps.
template <class Visit>
HWY_INLINE void with_method(const ConvolutionShape& shape, const Visit& visit) {
  switch (tile_side(shape)) {
    case 3:
      return visit(Winograd<3>());
    case 4:
      return visit(Winograd<4>());
    default:
      return visit(Winograd<6>());
  }
}

/// Lays out the memory of one block.
class Scratch {
 public:
  explicit Scratch(float* memory) : next_(memory) {}
  template <class Method>
  Spectra spectra(std::size_t rows, std::size_t channels) {
    const Spectra result{next_, rows, channels};
    next_ += Method::kSpectrum * result.stride();
    return result;
  }
  template <class T>
  T* zeros(std::size_t count) {
    auto* result = reinterpret_cast<T*>(next_);
    std::fill_n(next_, count, 0.0f);
    next_ += count;
    return result;
  }

 private:
  float* next_;
};

std::size_t scratch_floats(const ConvolutionShape& shape) {
  const std::size_t rows = most_rows(shape), inputs = static_cast<std::size_t>(shape.inputs),
                    outputs = static_cast<std::size_t>(shape.outputs);
  const auto spectra = [&](std::size_t channels) {
    return spectrum_of(shape) * Spectra{nullptr, rows, channels}.stride();
  };
  return spectra(inputs) + spectra(outputs) + spectra(kPanel) + HWY_MAX(inputs, outputs);
}

std::size_t spectra_floats(const ConvolutionShape& shape) {
  const std::size_t inputs = static_cast<std::size_t>(shape.inputs), outputs = static_cast<std::size_t>(shape.outputs);
  const std::size_t spectrum = spectrum_of(shape);
  return HWY_MAX(
      GradientLayout({spectrum, inputs, outputs}).floats(),
      HWY_MAX(FilterLayout({spectrum, inputs, outputs}).floats(), FilterLayout({spectrum, outputs, inputs}).floats()));
}

/// Products of patches with all filters, tile by tile into the epilogue.
/// @param shape  its outputs are those of the filters
template <class Method, class Epilogue, class Output>
HWY_INLINE void emit_tiles(const ConvolutionShape& shape, std::size_t images, const Spectra& patches,
                           const float* filters, const Output& output, Scratch scratch) {
  constexpr std::size_t kTile = Method::kTile, kPatch = Method::kPatch;
  const MapShape maps{static_cast<std::size_t>(shape.height), static_cast<std::size_t>(shape.width),
                      static_cast<std::size_t>(shape.outputs)};
  const FilterLayout layout{Method::kSpectrum, patches.channels, maps.channels};
  for_each_panel(maps.channels, [&](std::size_t first, std::size_t columns) {
    Scratch own = scratch;
    const Spectra products = own.spectra<Method>(patches.rows, columns);
    multiply_panel<Method>(patches, filters, layout, first, products);
    for (std::size_t column = 0; column < columns; column += kLanes) {
      Epilogue epilogue(maps, output, first + column);
      for_each_tile<kTile>(
          images, maps.height, maps.width,
          [&](std::size_t image, std::size_t row, std::size_t left, std::size_t index) {
            HWY_ALIGN float values[kTile * kTile * kLanes];
            const float* from = products.values + index * columns + column;
            const std::size_t stride = products.stride();
            transform_square<kPatch, kTile, Method::restore_tile>(
                [&](std::size_t i, std::size_t j) { return load(from + (i * kPatch + j) * stride); },
                [&](std::size_t i, std::size_t j, Vec value) { store(value, values + (i * kTile + j) * kLanes); });
            epilogue.take(Tile<kTile>(image, row, left, maps, values));
          });
      epilogue.finish();
    }
  });
}

template <class Epilogue, class T, class Output>
HWY_INLINE void convolve_block(const ConvolutionShape& shape, std::int64_t images, const T* maps, const float* filters,
                               const Output& output, float* memory) {
  const auto count = static_cast<std::size_t>(images);
  const auto inputs = static_cast<std::size_t>(shape.inputs);
  const auto height = static_cast<std::size_t>(shape.height), width = static_cast<std::size_t>(shape.width);
  with_method(shape, [&]<class Method>(Method) {
    Scratch scratch(memory);
    const Spectra patches =
        scratch.spectra<Method>(up_to_multiple(count * tiles_with(shape, Method::kTile), kRowBlock), inputs);
    const T* zeros = scratch.zeros<T>(inputs);
    transform_patches<Method>(maps, count, height, width, zeros, patches);
    emit_tiles<Method, Epilogue>(shape, count, patches, filters, output, scratch);
  });
}

template <class T>
HWY_INLINE void convolve_block_back(const ConvolutionShape& shape, std::int64_t images, const T* maps,
                                    const float* output_gradient, const float* filters, float* filter_gradients,
                                    const BackwardOutput<T>& output, float* memory) {
  const auto count = static_cast<std::size_t>(images);
  const auto inputs = static_cast<std::size_t>(shape.inputs), outputs = static_cast<std::size_t>(shape.outputs);
  const auto height = static_cast<std::size_t>(shape.height), width = static_cast<std::size_t>(shape.width);
  with_method(shape, [&]<class Method>(Method) {
    const std::size_t tiles = count * tiles_with(shape, Method::kTile), rows = up_to_multiple(tiles, kRowBlock);
    Scratch scratch(memory);
    const float* zeros = scratch.zeros<float>(HWY_MAX(inputs, outputs));
    if (filter_gradients != nullptr) {
      Scratch own = scratch;
      const Spectra patches = own.spectra<Method>(rows, inputs), gradients = own.spectra<Method>(rows, outputs);
      transform_patches<Method>(maps, count, height, width, reinterpret_cast<const T*>(zeros), patches);
      transform_tiles<Method>(output_gradient, count, height, width, zeros, gradients);
      add_filter_spectra<Method>(gradients, patches, tiles, filter_gradients);
    }
    if (filters != nullptr) {
      const Spectra patches = scratch.spectra<Method>(rows, outputs);
      transform_patches<Method>(output_gradient, count, height, width, zeros, patches);
      const ConvolutionShape back{shape.height, shape.width, shape.outputs, shape.inputs};
      emit_tiles<Method, BackwardEpilogue<T>>(back, count, patches, filters, output, scratch);
    }
  });
}

void filters_forward(const ConvolutionShape& shape, const float* weights, float* spectra, Slice slice) {
  with_method(shape, [&]<class Method>(Method) { filters_to_spectra<Method>(shape, weights, spectra, slice); });
}

void filters_back(const ConvolutionShape& shape, const float* weights, float* spectra, Slice slice) {
  with_method(shape, [&]<class Method>(Method) { turned_filters_to_spectra<Method>(shape, weights, spectra, slice); });
}

void restore_gradients(const ConvolutionShape& shape, const float* gradients, float* weights, Slice slice) {
  with_method(shape, [&]<class Method>(Method) { spectra_to_filters<Method>(shape, gradients, weights, slice); });
}

// Highway exports functions, not templates.
#define FER_EXPORTED(T, NAME)                                                                                        \
  void raw_##NAME(const ConvolutionShape& shape, std::int64_t images, const T* maps, const float* filters,           \
                  const RawOutput<T>& output, float* scratch) {                                                      \
    convolve_block<RawEpilogue<T>>(shape, images, maps, filters, output, scratch);                                   \
  }                                                                                                                  \
  void finished_##NAME(const ConvolutionShape& shape, std::int64_t images, const T* maps, const float* filters,      \
                       const FinishedOutput<T>& output, float* scratch) {                                            \
    convolve_block<FinishedEpilogue<T>>(shape, images, maps, filters, output, scratch);                              \
  }                                                                                                                  \
  void back_##NAME(const ConvolutionShape& shape, std::int64_t images, const T* maps, const float* output_gradient,  \
                   const float* filters, float* filter_gradients, const BackwardOutput<T>& output, float* scratch) { \
    convolve_block_back<T>(shape, images, maps, output_gradient, filters, filter_gradients, output, scratch);        \
  }
FER_EXPORTED(float, float)
FER_EXPORTED(Bfloat16, bfloat16)
#undef FER_EXPORTED

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fer {

HWY_EXPORT(scratch_floats);
HWY_EXPORT(spectra_floats);
HWY_EXPORT(filters_forward);
HWY_EXPORT(filters_back);
HWY_EXPORT(restore_gradients);
HWY_EXPORT(raw_float);
HWY_EXPORT(raw_bfloat16);
HWY_EXPORT(finished_float);
HWY_EXPORT(finished_bfloat16);
HWY_EXPORT(back_float);
HWY_EXPORT(back_bfloat16);

std::int64_t images_per_block(const ConvolutionShape& shape) {
  // Filters that do not stay in the cache are read again for each block, which had better be long then.
  constexpr std::size_t kCache = 1 << 22;  // floats
  constexpr std::size_t kTiles = 36, kManyTiles = 144;
  const std::size_t tiles = filter_spectra(shape) > kCache ? kManyTiles : kTiles;
  return static_cast<std::int64_t>((tiles + tiles_of(shape) - 1) / tiles_of(shape));
}

std::size_t filter_spectra(const ConvolutionShape& shape) {
  return HWY_DYNAMIC_DISPATCH(spectra_floats)(shape);
}

std::size_t convolution_scratch(const ConvolutionShape& shape) {
  return HWY_DYNAMIC_DISPATCH(scratch_floats)(shape);
}

void transform_filters(const ConvolutionShape& shape, const float* weights, float* spectra, Slice slice) {
  HWY_DYNAMIC_DISPATCH(filters_forward)(shape, weights, spectra, slice);
}

void transform_filters_back(const ConvolutionShape& shape, const float* weights, float* spectra, Slice slice) {
  HWY_DYNAMIC_DISPATCH(filters_back)(shape, weights, spectra, slice);
}

void restore_filter_gradients(const ConvolutionShape& shape, const float* gradients, float* weights, Slice slice) {
  HWY_DYNAMIC_DISPATCH(restore_gradients)(shape, gradients, weights, slice);
}

template <>
void convolve(const ConvolutionShape& shape, std::int64_t images, const float* maps, const float* filters,
              const RawOutput<float>& output, float* scratch) {
  HWY_DYNAMIC_DISPATCH(raw_float)(shape, images, maps, filters, output, scratch);
}

template <>
void convolve(const ConvolutionShape& shape, std::int64_t images, const Bfloat16* maps, const float* filters,
              const RawOutput<Bfloat16>& output, float* scratch) {
  HWY_DYNAMIC_DISPATCH(raw_bfloat16)(shape, images, maps, filters, output, scratch);
}

template <>
void convolve(const ConvolutionShape& shape, std::int64_t images, const float* maps, const float* filters,
              const FinishedOutput<float>& output, float* scratch) {
  HWY_DYNAMIC_DISPATCH(finished_float)(shape, images, maps, filters, output, scratch);
}

template <>
void convolve(const ConvolutionShape& shape, std::int64_t images, const Bfloat16* maps, const float* filters,
              const FinishedOutput<Bfloat16>& output, float* scratch) {
  HWY_DYNAMIC_DISPATCH(finished_bfloat16)(shape, images, maps, filters, output, scratch);
}

template <>
void convolve_back(const ConvolutionShape& shape, std::int64_t images, const float* maps, const float* output_gradient,
                   const float* filters, float* filter_gradients, const BackwardOutput<float>& output, float* scratch) {
  HWY_DYNAMIC_DISPATCH(back_float)
  (shape, images, maps, output_gradient, filters, filter_gradients, output, scratch);
}

template <>
void convolve_back(const ConvolutionShape& shape, std::int64_t images, const Bfloat16* maps,
                   const float* output_gradient, const float* filters, float* filter_gradients,
                   const BackwardOutput<Bfloat16>& output, float* scratch) {
  HWY_DYNAMIC_DISPATCH(back_bfloat16)
  (shape, images, maps, output_gradient, filters, filter_gradients, output, scratch);
}

}  // namespace fer

#endif  // HWY_ONCE
