#include <torch/torch.h>

#include "kernels/normalisation.h"
#include "model/chain_blocks.h"
#include "model/chain_product.h"
#include "model/chain_tape.h"

namespace fer {
namespace {

using torch::Tensor;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

/// What a stage is told of the gradient of its output: already taken back through its dropout and its rectifier.
struct Passed {
  Tensor gradient;  // [N, C, H, W] channels-last
  Tensor sums;      // [2, C] double: of the gradient, and of the gradient times what was normalised
};

struct StageGradients {
  Tensor weight, bias, norm_weight, norm_bias;
};

/// Takes the gradient of a stage's output back through its dropout and its rectifier.
template <class T>
Passed pass_output(const ChainStage& stage, const StageTape& tape, const Tensor& gradient) {
  // A net's answers are as many as its classes, which need not fill blocks of channels, and were not rounded.
  if (stage.dense && !stage.norm && !stage.rectified)
    return {gradient, gradient.flatten(1).sum(0, /*keepdim=*/true, at::kDouble)};
  const auto given = gradient.to(kMapType<T>).contiguous(kChannelsLast);
  Passed passed{at::empty_like(given, kChannelsLast), {}};
  const PictureBlocks blocks(given.size(0), 1);
  BlockSums sums(blocks.count(), given.size(1));
  blocks.run(0, [&](const PictureBlock& block) {
    const BackwardOutput<T> output{part<T>(passed.gradient, block.first),
                                   stage.rectified ? const_part<T>(tape.output, block.first) : nullptr,
                                   tape.dropout ? tape.dropout->factor() : 1,
                                   const_part<T>(tape.kept, block.first),
                                   sums.first(block.index),
                                   sums.second(block.index)};
    pass_gradient(const_part<T>(given, block.first), static_cast<std::size_t>(given.size(2) * given.size(3)),
                  static_cast<std::size_t>(given.size(1)), output);
  });
  passed.sums = sums.total();
  return passed;
}

/// The passes of one stage over a batch, from its output to its input. Maps are of T.
template <class T>
class StageBackward {
 public:
  StageBackward(const ChainStage& stage, const StageTape& tape, const Passed& passed)
      : stage_(stage), tape_(tape), passed_(passed), pictures_(tape.input.size(0)) {}

  /// @param below  the stage that made the input; null: there is none in the chain
  /// @param wants_input  whether the gradient of the input is wanted
  Passed run(const ChainStage* below, const StageTape* below_tape, bool wants_input, StageGradients& gradients) {
    if (is_first(stage_)) {
      run_first(gradients);
      return {};
    }
    const Tensor lines = line_coefficients(gradients);
    const auto at = [&](std::int64_t row) { return lines.defined() ? lines[row].const_data_ptr<float>() : nullptr; };
    const NormGradient norm{at(0), at(1), at(2)};
    if (stage_.dense) return multiply_all(norm, below, below_tape, wants_input, gradients);
    if (!stage_.convolution) return {wants_input ? spread_all(norm) : Tensor(), {}};
    return convolve_all(norm, below, below_tape, wants_input, gradients);
  }

 private:
  /// Of batch norm: its parameters' gradients, and slope, offset and tilt, [3, C] float, by which the gradient of its
  /// input follows from that of its output. Undefined without norm. With n values per channel and x the normalised
  /// ones,
  ///   dy = weight / deviation * (g - sum(g) / n - x * sum(g x) / n).
  Tensor line_coefficients(StageGradients& gradients) const {
    if (!stage_.norm) return {};
    const auto& norm = tape_.norm;
    const auto own_bias = passed_.sums[0];
    const auto own_weight = (passed_.sums[1] - norm.mean * own_bias) * norm.inverse_deviation;
    gradients.norm_bias = own_bias.to(at::kFloat);
    gradients.norm_weight = own_weight.to(at::kFloat);
    auto sums = torch::stack({own_bias, own_weight});
    if (norm.communicator != nullptr) norm.communicator->all_reduce(sums, ReduceOp::kSum);
    const auto slope = tape_.scale * norm.inverse_deviation;
    const auto tilt = -slope * norm.inverse_deviation * sums[1] / norm.count;
    return torch::stack({slope, -slope * sums[0] / norm.count - tilt * norm.mean, tilt}).to(at::kFloat);
  }

  template <class Out>
  void spread(const NormGradient& norm, std::int64_t first, std::int64_t count, std::int64_t height, std::int64_t width,
              Out* out) const {
    spread_gradient(stage_.pool, static_cast<std::size_t>(count), static_cast<std::size_t>(height),
                    static_cast<std::size_t>(width), static_cast<std::size_t>(passed_.gradient.size(1)),
                    const_part<T>(passed_.gradient, first), const_part<std::uint8_t>(tape_.argmax, first),
                    const_part<T>(tape_.raw, first), norm, out);
  }

  Tensor spread_all(const NormGradient& norm) const {
    auto gradient = at::empty_like(passed_.gradient, kChannelsLast);
    PictureBlocks(pictures_, 1).run(0, [&](const PictureBlock& block) {
      spread(norm, block.first, block.count, gradient.size(2), gradient.size(3), part<T>(gradient, block.first));
    });
    return gradient;
  }

  Passed convolve_all(const NormGradient& norm, const ChainStage* below, const StageTape* below_tape, bool wants_input,
                      StageGradients& gradients) const {
    const auto shape = convolution_shape(stage_, tape_.input);
    const Tensor weight = tape_.weight.contiguous(kChannelsLast);
    const bool learns = stage_.convolution->weight.requires_grad();
    const auto spectra_size = static_cast<std::int64_t>(filter_spectra(shape));
    Tensor filters;
    if (wants_input) {
      filters = at::empty({spectra_size});
      run_slices([&](Slice slice) {
        transform_filters_back(shape, weight.const_data_ptr<float>(), filters.data_ptr<float>(), slice);
      });
    }
    const auto blocks = PictureBlocks::sharing(pictures_, images_per_block(shape));
    auto sums = at::zeros({learns ? blocks.threads() : 0, spectra_size});
    BlockSums below_sums(blocks.count(), shape.inputs);
    Tensor input_gradient = wants_input ? at::empty_like(tape_.input, kChannelsLast) : Tensor();
    const auto own = static_cast<std::size_t>(images_per_block(shape) * shape.height * shape.width * shape.outputs);
    blocks.run(convolution_scratch(shape) + own, [&](const PictureBlock& block) {
      spread(norm, block.first, block.count, shape.height, shape.width, block.scratch);
      const auto output = passed_below(below, below_tape, block.first, input_gradient, below_sums, block.index);
      convolve_back(shape, block.count, const_part<T>(tape_.input, block.first), block.scratch,
                    filters.defined() ? filters.const_data_ptr<float>() : nullptr,
                    learns ? sums[block.thread].data_ptr<float>() : nullptr, output, block.scratch + own);
    });
    if (learns) {
      gradients.weight = at::empty_like(tape_.weight, kChannelsLast);
      const Tensor total = sums.size(0) == 1 ? sums[0] : sums.sum(0);
      run_slices([&](Slice slice) {
        restore_filter_gradients(shape, total.const_data_ptr<float>(), gradients.weight.data_ptr<float>(), slice);
      });
    }
    gradients.bias = bias_gradient();
    return {input_gradient, wants_input ? below_sums.total() : Tensor()};
  }

  Passed multiply_all(const NormGradient& norm, const ChainStage* below, const StageTape* below_tape, bool wants_input,
                      StageGradients& gradients) const {
    const Tensor given = (stage_.norm ? spread_all(norm) : passed_.gradient).flatten(1).to(at::kFloat);
    if (stage_.dense->weight.requires_grad())
      gradients.weight = chain_product(given.t(), tape_.input.flatten(1).to(at::kFloat));
    gradients.bias = bias_gradient();
    if (!wants_input) return {};
    const Tensor input_gradient = chain_product(given, tape_.weight).unsqueeze(-1).unsqueeze(-1);
    return below == nullptr ? Passed{input_gradient, {}} : pass_output<T>(*below, *below_tape, input_gradient);
  }

  /// Ahead of a norm, which takes any shift back, a bias has no gradient.
  Tensor bias_gradient() const {
    const auto bias = bias_of(stage_);
    if (!bias.defined()) return {};
    return stage_.norm ? at::zeros_like(bias) : passed_.sums[0].to(at::kFloat);
  }

  BackwardOutput<T> passed_below(const ChainStage* below, const StageTape* below_tape, std::int64_t first,
                                 Tensor& gradient, BlockSums& sums, std::int64_t block) const {
    T* to = part<T>(gradient, first);
    if (below == nullptr) return {to, nullptr, 1, nullptr, nullptr, nullptr};
    return {to,
            below->rectified ? const_part<T>(below_tape->output, first) : nullptr,
            below_tape->dropout ? below_tape->dropout->factor() : 1,
            const_part<T>(below_tape->kept, first),
            sums.first(block),
            sums.second(block)};
  }

  /// With y = w . patch the gradient of w is a sum over g dy/dg patch, of which all terms but g patch follow from the
  /// patches' moments.
  void run_first(StageGradients& gradients) const {
    const auto shape = first_shape(stage_, tape_.input);
    const auto taps = shape.taps();
    auto sums = at::zeros({pictures_, taps + 1, shape.outputs});
    PictureBlocks(pictures_, 1).run(first_convolution_scratch(shape), [&](const PictureBlock& block) {
      first_convolve_back(
          shape, const_part<float>(tape_.input, block.first), const_part<T>(passed_.gradient, block.first),
          const_part<std::uint8_t>(tape_.argmax, block.first), part<float>(sums, block.first), block.scratch);
    });
    const auto total = sums.sum(0, /*keepdim=*/false, at::kDouble);
    const auto with_patch = total.slice(0, 0, taps).t(), alone = total[taps];  // [outputs, taps] and [outputs]
    auto weight = with_patch;
    if (stage_.norm) {
      const auto w = tape_.weight.reshape({shape.outputs, taps}).to(at::kDouble);
      const auto lines = first_line_coefficients((with_patch * w).sum(1), alone, gradients).unsqueeze(-1);
      weight = lines[0] * with_patch + lines[1] * tape_.patch_sums + lines[2] * w.mm(tape_.patch_products);
    }
    gradients.weight = weight.to(at::kFloat).reshape(tape_.weight.sizes());
    if (stage_.convolution->bias.defined())
      gradients.bias = stage_.norm ? at::zeros({shape.outputs}) : alone.to(at::kFloat);
  }

  /// @return [3, C] double
  Tensor first_line_coefficients(const Tensor& dot, const Tensor& sum, StageGradients& gradients) const {
    Passed with_sums = passed_;
    with_sums.sums = torch::stack({sum, dot});
    return StageBackward(stage_, tape_, with_sums).line_coefficients(gradients).to(at::kDouble);
  }

  const ChainStage& stage_;
  const StageTape& tape_;
  const Passed& passed_;
  std::int64_t pictures_;
};

template <class T>
ChainGradients backward_through(const Chain& chain, const ChainTape& tape, const Tensor& gradient, bool wants_input) {
  const bool flat = gradient.dim() == 2;
  std::vector<StageGradients> gradients(chain.size());
  Passed passed = pass_output<T>(chain.back(), tape.back(), flat ? gradient.unsqueeze(-1).unsqueeze(-1) : gradient);
  for (std::size_t i = chain.size(); i-- > 0;) {
    const bool lowest = i == 0;
    passed = StageBackward<T>(chain[i], tape[i], passed)
                 .run(lowest ? nullptr : &chain[i - 1], lowest ? nullptr : &tape[i - 1], !lowest || wants_input,
                      gradients[i]);
  }
  ChainGradients all;
  if (passed.gradient.defined())
    all.input = flat ? passed.gradient.to(at::kFloat).flatten(1) : passed.gradient.to(at::kFloat);
  for (auto& own : gradients)
    for (auto* tensor : {&own.weight, &own.bias, &own.norm_weight, &own.norm_bias})
      all.parameters.push_back(std::move(*tensor));
  return all;
}

}  // namespace

ChainGradients chain_backward(const Chain& chain, const ChainTape& tape, MapStorage storage, const Tensor& gradient,
                              bool wants_input) {
  const torch::NoGradGuard no_grad;
  return storage == MapStorage::kBfloat16 ? backward_through<Bfloat16>(chain, tape, gradient, wants_input)
                                          : backward_through<float>(chain, tape, gradient, wants_input);
}

}  // namespace fer
