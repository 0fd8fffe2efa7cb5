#include <torch/torch.h>

#include "kernels/normalisation.h"
#include "model/chain_blocks.h"
#include "model/chain_product.h"
#include "model/chain_tape.h"

namespace fer {
namespace {

using torch::Tensor;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

/// Scale and shift of each channel, [C] float.
struct Affine {
  Tensor scale;
  Tensor shift;
};

/// The passes of one stage over a batch, whose maps are of T.
template <class T>
class StageForward {
 public:
  StageForward(const ChainStage& stage, const Tensor& input, StageTape& tape)
      : stage_(stage), input_(input), tape_(tape), pictures_(input.size(0)) {
    if (stage.norm && stage.norm->is_training()) tape.norm.communicator = stage.norm->communicator();
    if (stage.dropout) tape.dropout = stage.dropout->mask();
  }

  Tensor run() {
    tape_.input = input_;
    if (const auto weight = weight_of(stage_); weight.defined()) tape_.weight = weight.detach();
    if (is_first(stage_)) return run_first();
    if (stage_.dense) return run_dense();
    return stage_.norm && stage_.norm->is_training() ? run_normalised() : run_at_once();
  }

 private:
  bool pools() const { return stage_.pool != Pool::kNone; }

  /// By which the maximum behind a norm is found ahead of it.
  const float* order(const Tensor& scale) const {
    return stage_.pool == Pool::kAfterNorm ? scale.const_data_ptr<float>() : nullptr;
  }

  std::int64_t channels() const { return tape_.weight.defined() ? tape_.weight.size(0) : input_.size(1); }

  Tensor new_maps(std::int64_t height, std::int64_t width, at::ScalarType type = kMapType<T>) const {
    return at::empty({pictures_, channels(), height, width}, at::TensorOptions(type).memory_format(kChannelsLast));
  }

  /// Where norm is not asked for, or its running statistics serve.
  Affine known_affine() const {
    const auto own = bias_of(stage_);
    const auto bias = own.defined() ? own.detach() : at::zeros({channels()});
    if (!stage_.norm) return {at::ones({channels()}), bias.contiguous()};
    const auto& norm = *stage_.norm;
    const auto scale = norm.weight.detach() * (norm.running_var + norm.epsilon()).rsqrt();
    return {scale, norm.bias.detach() + (bias - norm.running_mean) * scale};
  }

  /// Takes what was summed up over this rank's samples: without the bias. Ranks tell each other of
  /// sums with it, as those do that go the plain way. Moments are about zero: where a channel's mean is thirty times
  /// its deviation, float32 leaves a thousandth of the variance uncertain.
  Affine learnt_affine(const Tensor& sum, const Tensor& square, double count) {
    auto& norm = *stage_.norm;
    const auto channels = sum.size(0);
    const auto own = bias_of(stage_);
    const auto bias = own.defined() ? own.detach().to(at::kDouble) : at::zeros({channels}, at::kDouble);
    auto sums = torch::cat(
        {sum + count * bias, square + bias * (2 * sum + count * bias), torch::tensor({count}, torch::kFloat64)});
    if (tape_.norm.communicator != nullptr) tape_.norm.communicator->all_reduce(sums, ReduceOp::kSum);
    const double total = sums[-1].item<double>();
    const auto mean = sums.slice(0, 0, channels) / total;
    const auto variance = (sums.slice(0, channels, 2 * channels) / total - mean.square()).clamp_min(0);
    norm.track(mean, variance, total);
    tape_.scale = norm.weight.detach();
    tape_.norm.count = total;
    tape_.norm.mean = mean - bias;
    tape_.norm.inverse_deviation = (variance + norm.epsilon()).rsqrt();
    const auto scale = tape_.scale * tape_.norm.inverse_deviation;
    return {scale.to(at::kFloat), (norm.bias.detach() - tape_.norm.mean * scale).to(at::kFloat)};
  }

  Tensor filters(const ConvolutionShape& shape) const {
    auto spectra = at::empty({static_cast<std::int64_t>(filter_spectra(shape))});
    const Tensor weight = tape_.weight.contiguous(kChannelsLast);
    run_slices([&](Slice slice) {
      transform_filters(shape, weight.const_data_ptr<float>(), spectra.data_ptr<float>(), slice);
    });
    return spectra;
  }

  /// Without statistics of the batch one pass does it all.
  Tensor run_at_once() {
    const Affine affine = known_affine();
    if (!stage_.convolution) {
      auto output = new_maps(input_.size(2), input_.size(3));
      normalise_all(input_, affine, output);
      return output;
    }
    const auto shape = convolution_shape(stage_, input_);
    const auto shrink = pools() ? 2 : 1;
    auto output = new_maps(shape.height / shrink, shape.width / shrink);
    if (pools()) tape_.argmax = new_maps(shape.height / 2, shape.width / 2, at::kByte);
    const Tensor spectra = filters(shape);
    PictureBlocks::sharing(pictures_, images_per_block(shape))
        .run(convolution_scratch(shape), [&](const PictureBlock& block) {
          const FinishedOutput<T> finished{
              part<T>(output, block.first),         part<std::uint8_t>(tape_.argmax, block.first), order(affine.scale),
              affine.scale.const_data_ptr<float>(), affine.shift.const_data_ptr<float>(),          stage_.rectified};
          convolve(shape, block.count, const_part<T>(input_, block.first), spectra.const_data_ptr<float>(), finished,
                   block.scratch);
          if (tape_.dropout)
            drop(tape_.dropout->from(static_cast<std::size_t>(block.first)), static_cast<std::size_t>(block.count),
                 static_cast<std::size_t>(output.numel() / pictures_), part<T>(output, block.first));
        });
    return output;
  }

  Tensor run_normalised() {
    Tensor raw, kept;  // what the statistics are of, and what goes on
    BlockSums sums(0, 0);
    if (stage_.convolution) {
      std::tie(raw, kept, sums) = convolve_raw();
    } else {
      raw = kept = input_;
      sums = add_up(raw);
    }
    return normalise_by(raw, kept, sums);
  }

  /// @param raw   what the statistics are of, but with a pool ahead of the norm
  /// @param kept  what goes on
  Tensor normalise_by(const Tensor& raw, const Tensor& kept, const BlockSums& sums) {
    tape_.raw = stage_.pool == Pool::kBeforeNorm ? kept : raw;
    tape_.kept = kept;
    const auto total = sums.total();
    const Affine affine = learnt_affine(total[0], total[1], static_cast<double>(tape_.raw.numel() / tape_.raw.size(1)));
    auto output = new_maps(kept.size(2), kept.size(3));
    normalise_all(kept, affine, output);
    return output;
  }

  Tensor run_dense() {
    // The product is turned round, so that the pictures are packed and not the weights, which are mostly more.
    const Tensor product = chain_product(tape_.weight, input_.flatten(1).to(at::kFloat).t()).t();
    // A net's answers are not rounded; what else could follow takes float too.
    if (!stage_.norm && !stage_.rectified)
      return as_maps(bias_of(stage_).defined() ? product + bias_of(stage_).detach() : product);
    const Tensor raw = as_maps(product.to(kMapType<T>));
    if (stage_.norm && stage_.norm->is_training()) return normalise_by(raw, raw, add_up(raw));
    auto output = new_maps(1, 1);
    normalise_all(raw, known_affine(), output);
    return output;
  }

  Tensor as_maps(const Tensor& vectors) const { return vectors.contiguous().unsqueeze(-1).unsqueeze(-1); }

  std::tuple<Tensor, Tensor, BlockSums> convolve_raw() {
    const auto shape = convolution_shape(stage_, input_);
    Tensor raw, pooled;
    if (stage_.pool != Pool::kBeforeNorm) raw = new_maps(shape.height, shape.width);
    if (pools()) {
      pooled = new_maps(shape.height / 2, shape.width / 2);
      tape_.argmax = new_maps(shape.height / 2, shape.width / 2, at::kByte);
    }
    const auto blocks = PictureBlocks::sharing(pictures_, images_per_block(shape));
    BlockSums sums(blocks.count(), shape.outputs);
    const Tensor spectra = filters(shape);
    const Tensor scale = stage_.norm->weight.detach();
    blocks.run(convolution_scratch(shape), [&](const PictureBlock& block) {
      const RawOutput<T> output{part<T>(raw, block.first),
                                part<T>(pooled, block.first),
                                part<std::uint8_t>(tape_.argmax, block.first),
                                order(scale),
                                sums.first(block.index),
                                sums.second(block.index)};
      convolve(shape, block.count, const_part<T>(input_, block.first), spectra.const_data_ptr<float>(), output,
               block.scratch);
    });
    return {raw, pools() ? pooled : raw, sums};
  }

  BlockSums add_up(const Tensor& maps) const {
    const PictureBlocks blocks(pictures_, 1);
    BlockSums sums(blocks.count(), maps.size(1));
    const auto pixels = static_cast<std::size_t>(maps.size(2) * maps.size(3));
    blocks.run(0, [&](const PictureBlock& block) {
      add_moments(const_part<T>(maps, block.first), pixels, static_cast<std::size_t>(maps.size(1)),
                  sums.first(block.index), sums.second(block.index));
    });
    return sums;
  }

  void normalise_all(const Tensor& raw, const Affine& affine, Tensor& output) const {
    const auto pixels = static_cast<std::size_t>(raw.size(2) * raw.size(3));
    PictureBlocks(pictures_, 1).run(0, [&](const PictureBlock& block) {
      DropoutMask mask;
      if (tape_.dropout) mask = tape_.dropout->from(static_cast<std::size_t>(block.first));
      normalise(const_part<T>(raw, block.first), static_cast<std::size_t>(block.count), pixels,
                static_cast<std::size_t>(raw.size(1)), affine.scale.const_data_ptr<float>(),
                affine.shift.const_data_ptr<float>(), stage_.rectified, tape_.dropout ? &mask : nullptr,
                part<T>(output, block.first));
    });
  }

  Tensor run_first() {
    const auto shape = first_shape(stage_, input_);
    const auto taps = shape.taps();
    // [outputs, taps] in memory, in whichever layout
    const Tensor weights = tape_.weight.reshape({shape.outputs, taps});
    const Affine affine = stage_.norm && stage_.norm->is_training() ? first_affine(shape, weights) : known_affine();
    const auto shrink = pools() ? 2 : 1;
    auto output = new_maps(shape.out_height() / shrink, shape.out_width() / shrink);
    if (pools()) tape_.argmax = new_maps(output.size(2), output.size(3), at::kByte);
    const Tensor by_tap = weights.t().contiguous();
    PictureBlocks(pictures_, 1).run(first_convolution_scratch(shape), [&](const PictureBlock& block) {
      const FinishedOutput<T> finished{
          part<T>(output, block.first),         part<std::uint8_t>(tape_.argmax, block.first), order(affine.scale),
          affine.scale.const_data_ptr<float>(), affine.shift.const_data_ptr<float>(),          stage_.rectified};
      first_convolve(shape, const_part<float>(input_, block.first), by_tap.const_data_ptr<float>(), finished,
                     block.scratch);
      if (tape_.dropout)
        drop(tape_.dropout->from(static_cast<std::size_t>(block.first)), 1,
             static_cast<std::size_t>(output.numel() / pictures_), part<T>(output, block.first));
    });
    return output;
  }

  /// A sum over outputs y = w . patch is w . (sum of patches), and that of their squares w' (sum of patch patch') w.
  Affine first_affine(const FirstConvolutionShape& shape, const Tensor& weights) {
    const auto taps = shape.taps();
    auto sums = at::zeros({pictures_, taps}, at::kDouble), products = at::zeros({pictures_, taps, taps}, at::kDouble);
    PictureBlocks(pictures_, 1).run(first_convolution_scratch(shape), [&](const PictureBlock& block) {
      add_patch_moments(shape, const_part<float>(input_, block.first), part<double>(sums, block.first),
                        part<double>(products, block.first), block.scratch);
    });
    tape_.patch_sums = sums.sum(0);
    const auto upper = products.sum(0);
    tape_.patch_products = upper + upper.triu(1).t();
    const auto w = weights.to(at::kDouble);
    return learnt_affine(w.mv(tape_.patch_sums), (w.mm(tape_.patch_products) * w).sum(1),
                         static_cast<double>(pictures_ * shape.out_height() * shape.out_width()));
  }

  const ChainStage& stage_;
  Tensor input_;
  StageTape& tape_;
  std::int64_t pictures_;
};

template <class T>
Tensor forward_through(const Chain& chain, const Tensor& input, ChainTape* tape) {
  const bool flat = input.dim() == 2;
  const auto given = flat ? input.unsqueeze(-1).unsqueeze(-1) : input;
  auto maps = is_first(chain.front()) ? given.contiguous() : given.to(kMapType<T>).contiguous(kChannelsLast);
  for (const auto& stage : chain) {
    StageTape own;
    own.output = StageForward<T>(stage, maps, own).run();
    maps = own.output;
    if (tape != nullptr) tape->push_back(std::move(own));
  }
  return flat ? maps.to(at::kFloat).flatten(1) : maps.to(at::kFloat);
}

}  // namespace

Tensor chain_forward(const Chain& chain, const Tensor& input, MapStorage storage, ChainTape* tape) {
  const torch::NoGradGuard no_grad;
  return storage == MapStorage::kBfloat16 ? forward_through<Bfloat16>(chain, input, tape)
                                          : forward_through<float>(chain, input, tape);
}

}  // namespace fer
