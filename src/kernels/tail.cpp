#include "kernels/tail.h"

#include <algorithm>

namespace fer {
namespace {

/// @param terms  of a row and a channel: two floats
template <class Terms>
void add_up(std::int64_t rows, std::int64_t channels, double count, double* sums, const Terms& terms) {
  std::fill(sums, sums + 2 * channels, 0.0);
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      const auto [first, second] = terms(row, channel);
      sums[channel] += first;
      sums[channels + channel] += second;
    }
  sums[2 * channels] = count;
}

}  // namespace

template <class T>
void tail_moments(const Tail<T>& tail, double* sums) {
  add_up(tail.rows(), tail.channels, static_cast<double>(tail.rows()), sums,
         [&](std::int64_t row, std::int64_t channel) {
           const float value = value_of(tail.raw[row * tail.channels + channel]);
           return std::pair{value, value * value};
         });
}

void finish_norms(const NormVectors& norm, const double* sums, std::int64_t channels) {
  for (std::int64_t channel = 0; channel < channels; ++channel) finish_norm(norm, sums, channels, channel);
}

template <class T>
void tail_forward(const Tail<T>& tail, T* out, std::uint8_t* argmax) {
  for (std::int64_t row = 0; row < tail.out_rows(); ++row)
    for (std::int64_t channel = 0; channel < tail.channels; ++channel) {
      const auto output = tail_output(tail, row, channel);
      put(out[row * tail.channels + channel], output.value);
      if (argmax != nullptr) argmax[row * tail.channels + channel] = output.which;
    }
}

template <class T>
void tail_gradient_sums(const Tail<T>& tail, const TailGradient<T>& back, double* sums) {
  add_up(tail.out_rows(), tail.channels, static_cast<double>(tail.rows()), sums,
         [&](std::int64_t row, std::int64_t channel) {
           const auto passed = passed_back(tail, back, row, channel);
           return std::pair{passed.gradient, passed.gradient * passed.centred};
         });
}

template <class T>
void tail_backward(const Tail<T>& tail, const TailGradient<T>& back, const double* sums, T* out) {
  for (std::int64_t row = 0; row < tail.rows(); ++row)
    for (std::int64_t channel = 0; channel < tail.channels; ++channel)
      put(out[row * tail.channels + channel], tail_input_gradient(tail, back, sums, row, channel));
}

#define FER_INSTANTIATE(T)                                                           \
  template void tail_moments(const Tail<T>&, double*);                               \
  template void tail_forward(const Tail<T>&, T*, std::uint8_t*);                     \
  template void tail_gradient_sums(const Tail<T>&, const TailGradient<T>&, double*); \
  template void tail_backward(const Tail<T>&, const TailGradient<T>&, const double*, T*);
FER_INSTANTIATE(float)
FER_INSTANTIATE(Bfloat16)
#undef FER_INSTANTIATE

}  // namespace fer
