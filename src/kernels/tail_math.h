#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/bfloat16.h"
#include "kernels/dropout.h"
#include "kernels/host_device.h"

// What stands behind a convolution, value by value: batch norm, rectifier, maximum of 2x2, dropout, and the way back
// (Ioffe and Szegedy, arXiv 1502.03167). Host and device run these same functions; the vectors of
// kernels/normalisation.h, by which CPUs train, have their own.

namespace fer {

FER_HOST_DEVICE inline float value_of(float value) {
  return value;
}

FER_HOST_DEVICE inline float value_of(Bfloat16 value) {
  const std::uint32_t bits = static_cast<std::uint32_t>(value.bits) << 16;
  float wide;
  memcpy(&wide, &bits, sizeof(wide));
  return wide;
}

FER_HOST_DEVICE inline void put(float& place, float value) {
  place = value;
}

/// To the nearest, halves to the even one; what is no number stays so.
FER_HOST_DEVICE inline void put(Bfloat16& place, float value) {
  std::uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  if (value != value)
    place.bits = static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  else
    place.bits = static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

/// Maps that a batch norm is given, and what is made of them. T is float or Bfloat16; arithmetic is float.
template <class T>
struct Tail {
  std::int64_t images;
  std::int64_t height;
  std::int64_t width;
  std::int64_t channels;
  const T* raw;        // [images, height, width, channels]
  const float* scale;  // [channels], weight / deviation
  const float* shift;  // [channels], bias - mean * scale
  bool rectified;
  bool pooled;                // what an odd side leaves over is dropped
  bool drops;                 // or there is no dropout
  DropoutMask dropout;        // by picture, and by place in it
  const std::uint32_t* step;  // takes the place of the mask's, where a recorded step must read it; null: the mask's

  FER_HOST_DEVICE std::int64_t out_height() const { return pooled ? height / 2 : height; }
  FER_HOST_DEVICE std::int64_t out_width() const { return pooled ? width / 2 : width; }
  FER_HOST_DEVICE std::int64_t rows() const { return images * height * width; }
  FER_HOST_DEVICE std::int64_t out_rows() const { return images * out_height() * out_width(); }

  /// Of an output: 0, or by what it is multiplied.
  FER_HOST_DEVICE float dropout_factor(std::int64_t out_row, std::int64_t channel) const {
    if (!drops) return 1;
    DropoutMask mask = dropout;
    if (step != nullptr) mask.step = *step;
    const std::int64_t size = out_height() * out_width();
    const auto position = static_cast<std::size_t>(out_row % size * channels + channel);
    return mask.keeps(static_cast<std::size_t>(out_row / size), position) ? mask.factor() : 0;
  }

  /// The first raw row of an output's window.
  FER_HOST_DEVICE std::int64_t first_row_of(std::int64_t out_row) const {
    if (!pooled) return out_row;
    const std::int64_t x = out_row % out_width(), y = out_row / out_width() % out_height();
    const std::int64_t image = out_row / (out_width() * out_height());
    return (image * height + 2 * y) * width + 2 * x;
  }

  FER_HOST_DEVICE float normalised(std::int64_t row, std::int64_t channel) const {
    return scale[channel] * value_of(raw[row * channels + channel]) + shift[channel];
  }
};

/// An output, and which of the four it is: 0 to 3, row by row; 0 without a pool. The first of equal ones, or what is no
/// number.
struct TailOutput {
  float value;
  std::uint8_t which;
};

template <class T>
FER_HOST_DEVICE inline TailOutput tail_output(const Tail<T>& tail, std::int64_t out_row, std::int64_t channel) {
  const std::int64_t first = tail.first_row_of(out_row);
  TailOutput output{tail.normalised(first, channel), 0};
  for (int i = 1; tail.pooled && i < 4; ++i) {
    const float value = tail.normalised(first + i / 2 * tail.width + i % 2, channel);
    if (value > output.value || value != value) output = {value, static_cast<std::uint8_t>(i)};
  }
  if (tail.rectified && output.value < 0) output.value = 0;
  output.value *= tail.dropout_factor(out_row, channel);
  return output;
}

/// What comes back to a tail.
template <class T>
struct TailGradient {
  const T* gradient;           // [out_rows, channels]
  const std::uint8_t* argmax;  // [out_rows, channels]; null without a pool
  const float* mean;           // [channels]
  const float* inverse_deviation;
};

/// The gradient of what the norm made, at the one of an output's window that it came from.
struct PassedBack {
  float gradient;
  float centred;  // what the norm was given there, normalised, without weight and bias
};

template <class T>
FER_HOST_DEVICE inline PassedBack passed_back(const Tail<T>& tail, const TailGradient<T>& back, std::int64_t out_row,
                                              std::int64_t channel) {
  const std::int64_t place = out_row * tail.channels + channel;
  const int which = back.argmax != nullptr ? back.argmax[place] : 0;
  const std::int64_t row = tail.first_row_of(out_row) + which / 2 * tail.width + which % 2;
  const float raw = value_of(tail.raw[row * tail.channels + channel]);
  const bool passes = !tail.rectified || tail.scale[channel] * raw + tail.shift[channel] > 0;
  return {passes ? value_of(back.gradient[place]) * tail.dropout_factor(out_row, channel) : 0,
          (raw - back.mean[channel]) * back.inverse_deviation[channel]};
}

/// The gradient of what the norm was given.
/// @param sums  [2 * channels + 1] over all rows: passed_back()'s gradients, these times `centred`, the count of rows
template <class T>
FER_HOST_DEVICE inline float tail_input_gradient(const Tail<T>& tail, const TailGradient<T>& back, const double* sums,
                                                 std::int64_t row, std::int64_t channel) {
  const std::int64_t x = row % tail.width, y = row / tail.width % tail.height;
  const std::int64_t image = row / (tail.width * tail.height);
  const bool in_window = !tail.pooled || (y / 2 < tail.out_height() && x / 2 < tail.out_width());
  const std::int64_t out_row = tail.pooled ? (image * tail.out_height() + y / 2) * tail.out_width() + x / 2 : row;
  float gradient = 0;
  if (in_window &&
      (!tail.pooled || back.argmax[out_row * tail.channels + channel] == static_cast<std::uint8_t>(y % 2 * 2 + x % 2)))
    gradient = passed_back(tail, back, out_row, channel).gradient;
  const double count = sums[2 * tail.channels];
  const float centred =
      (value_of(tail.raw[row * tail.channels + channel]) - back.mean[channel]) * back.inverse_deviation[channel];
  const auto mean = static_cast<float>(sums[channel] / count);
  const auto tilt = static_cast<float>(sums[tail.channels + channel] / count);
  return tail.scale[channel] * (gradient - mean - centred * tilt);
}

/// A batch norm's parameters and buffers, and what a pass makes of them; each [channels].
struct NormVectors {
  const float* weight;
  const float* bias;
  float* running_mean;
  float* running_var;
  float epsilon;
  float momentum;
  float* mean;
  float* inverse_deviation;
  float* scale;
  float* shift;
};

/// @param sums  [2 * channels + 1] of the rows that are normalised together: values, squares, the count of rows
FER_HOST_DEVICE inline void finish_norm(const NormVectors& norm, const double* sums, std::int64_t channels,
                                        std::int64_t channel) {
  const double count = sums[2 * channels];
  if (count == 0) {  // no rank has a sample in this part of a step
    norm.mean[channel] = norm.inverse_deviation[channel] = norm.scale[channel] = norm.shift[channel] = 0;
    return;
  }
  const double mean = sums[channel] / count;
  const double square = sums[channels + channel] / count - mean * mean, variance = square > 0 ? square : 0;
  const double unbiased = variance * count / (count > 1 ? count - 1 : 1);
  norm.running_mean[channel] += norm.momentum * (static_cast<float>(mean) - norm.running_mean[channel]);
  norm.running_var[channel] += norm.momentum * (static_cast<float>(unbiased) - norm.running_var[channel]);
  norm.mean[channel] = static_cast<float>(mean);
  norm.inverse_deviation[channel] = static_cast<float>(1 / std::sqrt(variance + norm.epsilon));
  norm.scale[channel] = norm.weight[channel] * norm.inverse_deviation[channel];
  norm.shift[channel] = norm.bias[channel] - norm.mean[channel] * norm.scale[channel];
}

}  // namespace fer
