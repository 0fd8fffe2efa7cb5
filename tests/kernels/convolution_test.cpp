#include "kernels/convolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/each_instruction_set.h"

namespace fer {
namespace {

void put(float value, float& to) {
  to = value;
}

void put(float value, Bfloat16& to) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  to.bits = static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

double told(float value) {
  return value;
}

double told(Bfloat16 value) {
  const std::uint32_t bits = std::uint32_t{value.bits} << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

template <class T>
std::vector<T> random_values(std::size_t count, int seed, float scale = 1) {
  std::mt19937 generator(static_cast<unsigned>(seed));
  std::normal_distribution<float> normal;
  std::vector<T> values(count);
  for (auto& value : values) put(scale * normal(generator), value);
  return values;
}

/// Root mean square of the difference, as part of that of what is expected.
template <class T>
double difference(const std::vector<T>& found, const std::vector<double>& expected) {
  double squares = 0, differences = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    squares += expected[i] * expected[i];
    differences += std::pow(told(found[i]) - expected[i], 2);
  }
  return std::sqrt(differences / squares);
}

/// By definition, in double precision.
struct Definition {
  std::vector<double> output, input_gradient, weight_gradient;
};

template <class T>
Definition by_definition(const ConvolutionShape& shape, std::int64_t images, const std::vector<T>& maps,
                         const std::vector<float>& weights, const std::vector<float>& gradient) {
  const auto height = shape.height, width = shape.width, inputs = shape.inputs, outputs = shape.outputs;
  Definition result;
  result.output.resize(static_cast<std::size_t>(images * height * width * outputs));
  result.input_gradient.resize(maps.size());
  result.weight_gradient.resize(weights.size());
  for (std::int64_t pixel = 0; pixel < images * height * width; ++pixel)
    for (std::int64_t tap = 0; tap < 9; ++tap) {
      const auto y = pixel / width % height + tap / 3 - 1, x = pixel % width + tap % 3 - 1;
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      const auto from = static_cast<std::size_t>(((pixel / width / height * height + y) * width + x) * inputs);
      for (std::int64_t output = 0; output < outputs; ++output) {
        const auto to = static_cast<std::size_t>(pixel * outputs + output);
        const auto weight = static_cast<std::size_t>((output * 9 + tap) * inputs);
        for (std::size_t input = 0; input < static_cast<std::size_t>(inputs); ++input) {
          const double value = told(maps[from + input]);
          result.output[to] += weights[weight + input] * value;
          result.input_gradient[from + input] += double{weights[weight + input]} * gradient[to];
          result.weight_gradient[weight + input] += value * gradient[to];
        }
      }
    }
  return result;
}

template <class T>
void expect_definition(const ConvolutionShape& shape, std::int64_t images, double tolerance) {
  const auto pixels = static_cast<std::size_t>(images * shape.height * shape.width);
  const auto inputs = static_cast<std::size_t>(shape.inputs), outputs = static_cast<std::size_t>(shape.outputs);
  const auto maps = random_values<T>(pixels * inputs, 1);
  const auto weights = random_values<float>(outputs * 9 * inputs, 2, 0.1f);
  const auto gradient = random_values<float>(pixels * outputs, 3);
  const auto expected = by_definition(shape, images, maps, weights, gradient);

  std::vector<float> filters(filter_spectra(shape)), scratch(convolution_scratch(shape)), sum(outputs), square(outputs);
  std::vector<T> output(pixels * outputs);
  transform_filters(shape, weights.data(), filters.data());
  ASSERT_LE(images, images_per_block(shape));
  const RawOutput<T> raw{output.data(), nullptr, nullptr, nullptr, sum.data(), square.data()};
  convolve(shape, images, maps.data(), filters.data(), raw, scratch.data());
  EXPECT_LT(difference(output, expected.output), tolerance);

  std::vector<T> input_gradient(maps.size());
  std::vector<float> spectra(filter_spectra(shape)), weight_gradient(weights.size());
  transform_filters_back(shape, weights.data(), filters.data());
  const BackwardOutput<T> back{input_gradient.data(), nullptr, 1, nullptr, nullptr, nullptr};
  convolve_back(shape, images, maps.data(), gradient.data(), filters.data(), spectra.data(), back, scratch.data());
  restore_filter_gradients(shape, spectra.data(), weight_gradient.data());
  EXPECT_LT(difference(input_gradient, expected.input_gradient), tolerance);
  EXPECT_LT(difference(weight_gradient, expected.weight_gradient), 5e-5);

  std::vector<double> expected_sum(outputs);
  for (std::size_t i = 0; i < expected.output.size(); ++i) expected_sum[i % outputs] += expected.output[i];
  EXPECT_LT(difference(sum, expected_sum), 1e-4);
}

class Convolution : public EachInstructionSet {};

const std::pair<ConvolutionShape, std::int64_t> kShapes[] = {
    {{24, 24, 32, 64}, 1}, {{12, 12, 48, 80}, 3}, {{11, 13, 16, 48}, 2}, {{6, 6, 80, 16}, 5}, {{3, 3, 64, 64}, 7},
    {{7, 5, 16, 16}, 1},   {{1, 1, 16, 32}, 2},   {{2, 9, 32, 16}, 3},   {{4, 8, 48, 32}, 2}, {{3, 2, 16, 48}, 4}};

}  // namespace

TEST_P(Convolution, AgreesWithItsDefinitionInFloat) {
  for (const auto& [shape, images] : kShapes) {
    SCOPED_TRACE(testing::Message() << shape.height << "x" << shape.width << ", " << shape.inputs << " to "
                                    << shape.outputs);
    expect_definition<float>(shape, images, 5e-5);
  }
}

// Maps are rounded to 8 bits as they are stored, and nothing else is.
TEST_P(Convolution, AgreesWithItsDefinitionInBfloat16) {
  for (const auto& [shape, images] : kShapes) expect_definition<Bfloat16>(shape, images, 3e-3);
}

TEST_P(Convolution, TransformsFiltersInSlicesAsInOnePiece) {
  const ConvolutionShape shape{6, 6, 48, 80};
  const auto weights = random_values<float>(48 * 80 * 9, 1);
  std::vector<float> whole(filter_spectra(shape)), sliced(whole.size());
  for (const auto transform : {transform_filters, transform_filters_back}) {
    transform(shape, weights.data(), whole.data(), {});
    for (std::int64_t i = 0; i < 4; ++i) transform(shape, weights.data(), sliced.data(), {i, 4});
    EXPECT_EQ(sliced, whole);
  }
  std::vector<float> gradients(weights.size()), sliced_gradients(weights.size());
  restore_filter_gradients(shape, whole.data(), gradients.data());
  for (std::int64_t i = 0; i < 7; ++i) restore_filter_gradients(shape, whole.data(), sliced_gradients.data(), {i, 7});
  EXPECT_EQ(sliced_gradients, gradients);
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, Convolution, kInstructionSets, instruction_set_name);

}  // namespace fer
