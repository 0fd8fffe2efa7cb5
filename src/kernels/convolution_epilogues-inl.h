// What is done with the tiles of a convolution's outputs, and of its inputs' gradient, while they are in registers.
// Included once for each instruction set.
#if defined(FER_KERNELS_CONVOLUTION_EPILOGUES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef FER_KERNELS_CONVOLUTION_EPILOGUES_INL_H
#undef FER_KERNELS_CONVOLUTION_EPILOGUES_INL_H
#else
#define FER_KERNELS_CONVOLUTION_EPILOGUES_INL_H
#endif

#include <cstddef>
#include <cstdint>

#include "kernels/convolution.h"
#include "kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

/// Sums of some vectors and of the products of each with another, in registers while a tile is taken: pixels of even
/// and odd columns apart, so that none waits for the one before it.
struct TileSums {
  Vec sum[2], product[2];

  HWY_INLINE TileSums() {
    for (std::size_t i = 0; i < 2; ++i) sum[i] = product[i] = zero();
  }

  HWY_INLINE void add(std::size_t column, Vec value, Vec other) {
    sum[column % 2] = hn::Add(sum[column % 2], value);
    product[column % 2] = hn::MulAdd(value, other, product[column % 2]);
  }
  HWY_INLINE Vec all() const { return hn::Add(sum[0], sum[1]); }
  HWY_INLINE Vec all_products() const { return hn::Add(product[0], product[1]); }
};

/// Takes the tiles of a few channels, one after the other.
template <class T>
class RawEpilogue {
 public:
  RawEpilogue(const MapShape& maps, const RawOutput<T>& output, std::size_t channel)
      : maps_(maps),
        output_(output),
        channel_(channel),
        sign_(sign_of(output.order, channel)),
        sum_(zero()),
        square_(zero()) {}

  template <std::size_t kSide>
  void take(const Tile<kSide>& tile) {
    TileSums sums;
    const MapShape maps = maps_;
    if (T* const raw = output_.raw + channel_; output_.raw != nullptr)
      for_each_pixel(tile, maps, [&](std::size_t i, std::size_t j, std::size_t at) {
        const Vec value = tile.at(i, j);
        store(value, raw + at);
        sums.add(j, value, value);
      });
    if (output_.pooled != nullptr) {
      const Vec sign = sign_;
      const bool counts = output_.raw == nullptr;
      T* const pooled = output_.pooled + channel_;
      std::uint8_t* const argmax = output_.argmax + channel_;
      for_each_window(tile, maps, [&](std::size_t i, std::size_t j, std::size_t at) {
        const Largest largest(tile, i, j, sign);
        store(largest.value, pooled + at);
        store_bytes(largest.index, argmax + at);
        if (counts) sums.add(j / 2, largest.value, largest.value);
      });
    }
    sum_ = hn::Add(sum_, sums.all());
    square_ = hn::Add(square_, sums.all_products());
  }

  void finish() {
    add_to(output_.sum + channel_, sum_);
    add_to(output_.square + channel_, square_);
  }

 private:
  MapShape maps_;
  RawOutput<T> output_;
  std::size_t channel_;
  Vec sign_, sum_, square_;
};

template <class T>
class BackwardEpilogue {
 public:
  BackwardEpilogue(const MapShape& maps, const BackwardOutput<T>& output, std::size_t channel)
      : maps_(maps), output_(output), channel_(channel), sum_(zero()), dot_(zero()) {}

  template <std::size_t kSide>
  void take(const Tile<kSide>& tile) {
    TileSums sums;
    const MapShape maps = maps_;
    const Vec factor = set(output_.factor);
    const bool masked = output_.passed != nullptr, dotted = output_.raw != nullptr;
    T* const to = output_.gradient + channel_;
    const T *const passed = output_.passed + channel_, *const raw = output_.raw + channel_;
    for_each_pixel(tile, maps, [&](std::size_t i, std::size_t j, std::size_t at) {
      Vec gradient = hn::Mul(tile.at(i, j), factor);
      if (masked) gradient = hn::IfThenElseZero(hn::Gt(load(passed + at), zero()), gradient);
      store(gradient, to + at);
      sums.add(j, gradient, dotted ? load(raw + at) : zero());
    });
    sum_ = hn::Add(sum_, sums.all());
    dot_ = hn::Add(dot_, sums.all_products());
  }

  void finish() {
    if (output_.sum != nullptr) add_to(output_.sum + channel_, sum_);
    if (output_.raw != nullptr) add_to(output_.dot + channel_, dot_);
  }

 private:
  MapShape maps_;
  BackwardOutput<T> output_;
  std::size_t channel_;
  Vec sum_, dot_;
};

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#endif
