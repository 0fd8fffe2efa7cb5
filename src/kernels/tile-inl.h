// Tiles of a convolution's outputs on their way from registers to memory. Included once for each instruction set.
#if defined(FER_KERNELS_TILE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef FER_KERNELS_TILE_INL_H
#undef FER_KERNELS_TILE_INL_H
#else
#define FER_KERNELS_TILE_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "kernels/convolution.h"
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

/// Of the maps that tiles are cut from.
struct MapShape {
  std::size_t height, width, channels;
};

/// A tile of kSide x kSide outputs, of which those count that lie inside of the picture.
template <std::size_t kSide>
struct Tile {
  std::size_t image, row, column;  // of its first output
  std::size_t rows, columns;       // that count
  const float* values;             // [kSide][kSide][kLanes]

  Tile(std::size_t image, std::size_t row, std::size_t column, const MapShape& maps, const float* values)
      : image(image),
        row(row),
        column(column),
        rows(HWY_MIN(kSide, maps.height - row)),
        columns(HWY_MIN(kSide, maps.width - column)),
        values(values) {}

  Vec at(std::size_t i, std::size_t j) const { return load(values + (i * kSide + j) * kLanes); }
};

/// The largest of four, where `sign` is set the smallest, and which one that is: the first, if several are.
struct Largest {
  Vec value;
  Vec index;

  template <std::size_t kSide>
  Largest(const Tile<kSide>& tile, std::size_t i, std::size_t j, Vec sign) {
    const Vec a = hn::Xor(tile.at(i, j), sign), b = hn::Xor(tile.at(i, j + 1), sign);
    const Vec c = hn::Xor(tile.at(i + 1, j), sign), d = hn::Xor(tile.at(i + 1, j + 1), sign);
    const Vec upper = hn::Max(a, b), lower = hn::Max(c, d);
    const Vec upper_index = hn::IfThenElseZero(hn::Gt(b, a), set(1));
    const Vec lower_index = hn::IfThenElse(hn::Gt(d, c), set(3), set(2));
    // A maximum of x86 may lose what is no number: their sum does not.
    const Vec sum = hn::Add(hn::Add(a, b), hn::Add(c, d));
    value = hn::IfThenElse(hn::IsNaN(sum), sum, hn::Xor(hn::Max(upper, lower), sign));
    index = hn::IfThenElse(hn::Gt(lower, upper), lower_index, upper_index);
  }
};

/// The signs of `order`; null: none is set.
HWY_INLINE Vec sign_of(const float* order, std::size_t channel) {
  return order == nullptr ? zero() : hn::And(load(order + channel), set(-0.0f));
}

/// Calls visit(i, j, at) for the windows of the pool inside of a tile; `at` is where the output's first channel lies in
/// maps of half the size.
template <std::size_t kSide, class Visit>
HWY_INLINE void for_each_window(const Tile<kSide>& tile, const MapShape& maps, const Visit& visit) {
  const std::size_t width = maps.width / 2, channels = maps.channels;
  std::size_t row = ((tile.image * (maps.height / 2) + tile.row / 2) * width + tile.column / 2) * channels;
  for (std::size_t i = 0; i + 1 < tile.rows; i += 2, row += width * channels)
    for (std::size_t j = 0, at = row; j + 1 < tile.columns; j += 2, at += channels) visit(i, j, at);
}

/// Calls visit(i, j, at) for the outputs of a tile; `at` is where the first channel of each lies.
template <std::size_t kSide, class Visit>
HWY_INLINE void for_each_pixel(const Tile<kSide>& tile, const MapShape& maps, const Visit& visit) {
  const std::size_t channels = maps.channels;
  std::size_t row = ((tile.image * maps.height + tile.row) * maps.width + tile.column) * channels;
  for (std::size_t i = 0; i < tile.rows; ++i, row += maps.width * channels) {
    if (tile.columns == kSide) {
      FER_UNROLL for (std::size_t j = 0; j < kSide; ++j) visit(i, j, row + j * channels);
    } else {
      for (std::size_t j = 0; j < tile.columns; ++j) visit(i, j, row + j * channels);
    }
  }
}

/// Calls visit(image, row, column, index) for all tiles of some pictures, `row` and `column` being those of its first
/// output.
template <std::size_t kSide, class Visit>
HWY_INLINE void for_each_tile(std::size_t images, std::size_t height, std::size_t width, const Visit& visit) {
  std::size_t index = 0;
  for (std::size_t image = 0; image < images; ++image)
    for (std::size_t row = 0; row < height; row += kSide)
      for (std::size_t column = 0; column < width; column += kSide) visit(image, row, column, index++);
}

/// Takes the tiles of a few channels, one after the other: those of FinishedOutput.
template <class T>
class FinishedEpilogue {
 public:
  FinishedEpilogue(const MapShape& maps, const FinishedOutput<T>& output, std::size_t channel)
      : maps_(maps),
        output_(output),
        channel_(channel),
        sign_(sign_of(output.order, channel)),
        scale_(load(output.scale + channel)),
        shift_(load(output.shift + channel)),
        least_(least_output(output.rectified)) {}

  template <std::size_t kSide>
  void take(const Tile<kSide>& tile) const {
    const FinishedEpilogue own(*this);  // which no store can change, so that it stays in registers
    T* const out = output_.out + channel_;
    std::uint8_t* const argmax = output_.argmax + channel_;
    if (output_.argmax == nullptr)
      for_each_pixel(tile, own.maps_, [&](std::size_t i, std::size_t j, std::size_t at) {
        store(own.finished(tile.at(i, j)), out + at);
      });
    else
      for_each_window(tile, own.maps_, [&](std::size_t i, std::size_t j, std::size_t at) {
        const Largest largest(tile, i, j, own.sign_);
        store(own.finished(largest.value), out + at);
        store_bytes(largest.index, argmax + at);
      });
  }

  void finish() const {}

 private:
  Vec finished(Vec value) const { return rectify(hn::MulAdd(scale_, value, shift_), least_); }

  MapShape maps_;
  FinishedOutput<T> output_;
  std::size_t channel_;
  Vec sign_, scale_, shift_, least_;
};

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#endif
