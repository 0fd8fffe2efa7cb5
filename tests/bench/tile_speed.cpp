// Which tiles of Winograd's are the fastest, shape by shape: one thread, forward and both gradients, in turn. Prints a
// row per shape of our nets: microseconds a picture with tiles of 4x4 and of 6x6, median of the rounds, and how much
// slower than the fastest is what kernels/convolution.cpp takes.
//
//   build/bin/tile_speed [avx2]       avx2: as on a processor that knows no AVX-512
#include <fmt/format.h>
#include <hwy/targets.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "kernels/convolution.h"

namespace {

using namespace fer;

constexpr int kRounds = 15;

class Layer {
 public:
  explicit Layer(const ConvolutionShape& shape)
      : shape_(shape),
        images_(images_per_block(shape)),
        maps_(static_cast<std::size_t>(images_ * shape.height * shape.width * shape.inputs), 0.5F),
        gradients_(static_cast<std::size_t>(images_ * shape.height * shape.width * shape.outputs), 0.25F),
        out_(gradients_.size()),
        input_gradients_(maps_.size()),
        weights_(static_cast<std::size_t>(9 * shape.inputs * shape.outputs), 0.01F),
        forward_(filter_spectra(shape)),
        back_(filter_spectra(shape)),
        sums_(filter_spectra(shape)),
        moments_(static_cast<std::size_t>(2 * std::max(shape.inputs, shape.outputs))),
        scratch_(convolution_scratch(shape)) {
    transform_filters(shape, weights_.data(), forward_.data());
    transform_filters_back(shape, weights_.data(), back_.data());
  }

  /// Seconds for a picture.
  double step() {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    float* other = moments_.data() + moments_.size() / 2;
    const RawOutput<float> output{out_.data(), nullptr, nullptr, nullptr, moments_.data(), other};
    convolve(shape_, images_, maps_.data(), forward_.data(), output, scratch_.data());
    const BackwardOutput<float> back{input_gradients_.data(), maps_.data(), 1, maps_.data(), moments_.data(), other};
    convolve_back(shape_, images_, maps_.data(), gradients_.data(), back_.data(), sums_.data(), back, scratch_.data());
    return std::chrono::duration<double>(Clock::now() - start).count() / static_cast<double>(images_);
  }

 private:
  ConvolutionShape shape_;
  std::int64_t images_;
  std::vector<float> maps_, gradients_, out_, input_gradients_, weights_, forward_, back_, sums_, moments_, scratch_;
};

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + kRounds / 2);
  return values[kRounds / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "avx2") {
    hwy::SetSupportedTargetsForTest(HWY_AVX2);
    hwy::GetChosenTarget().Update(HWY_AVX2);
  }
  const std::vector<ConvolutionShape> shapes = {
      {48, 48, 16, 16},  {48, 48, 32, 32},   {48, 48, 48, 48},   {44, 44, 64, 64},   {24, 24, 32, 64},
      {24, 24, 48, 96},  {24, 24, 64, 64},   {24, 24, 80, 160},  {22, 22, 128, 128}, {12, 12, 64, 128},
      {12, 12, 96, 192}, {12, 12, 128, 128}, {12, 12, 160, 320}, {11, 11, 256, 256}, {6, 6, 128, 256},
      {6, 6, 192, 192},  {6, 6, 256, 256},   {6, 6, 320, 320},   {5, 5, 512, 512}};
  fmt::print("{:>20}{:>9}{:>9}{:>7}\n", "shape", "4x4", "6x6", "loss");
  for (const auto& shape : shapes) {
    std::vector<Layer> layers;
    for (const std::int64_t tile : {4, 6, 0}) {
      auto own = shape;
      own.tile = tile;
      layers.emplace_back(own);
    }
    std::vector<double> times[3];
    for (int round = -2; round < kRounds; ++round)  // the first two warm up
      for (std::size_t i = 0; i < 3; ++i) {
        // A few blocks at a time, as they come in a step.
        double sum = 0;
        for (int block = 0; block < 4; ++block) sum += layers[i].step() / 4;
        if (round >= 0) times[i].push_back(sum);
      }
    const double four = median(times[0]), six = median(times[1]), chosen = median(times[2]);
    fmt::print("{:>20}{:>9.1f}{:>9.1f}{:>6.1f}%\n",
               fmt::format("{}x{} {}->{}", shape.height, shape.width, shape.inputs, shape.outputs), 1e6 * four,
               1e6 * six, 100 * (chosen / std::min(four, six) - 1));
  }
}
