#include "model/chain.h"

#include <hwy/targets.h>
#include <torch/csrc/autograd/graph_task.h>
#include <torch/torch.h>

#include "model/chain_tape.h"

namespace fer {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool is_square(const torch::ExpandingArray<2>& sides, std::int64_t value) {
  return sides->at(0) == value && sides->at(1) == value;
}

/// Zeros as a border, as many above as to the left; negative: another border.
std::int64_t padding_of(const torch::nn::detail::ConvNdOptions<2>& options) {
  const auto* sides = std::get_if<torch::ExpandingArray<2>>(&options.padding());
  const bool known = sides != nullptr && is_square(*sides, (*sides)->at(0)) &&
                     std::holds_alternative<torch::enumtype::kZeros>(options.padding_mode());
  return known ? (*sides)->at(0) : -1;
}

/// Keeps a forward pass's memory with the node of the graph.
struct TapeHolder : torch::CustomClassHolder {
  Chain chain;
  MapStorage storage;
  ChainTape tape;
};

struct ChainFunction : torch::autograd::Function<ChainFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& input, at::TensorList /*parameters*/,
                        const Chain* chain, MapStorage storage) {
    auto holder = c10::make_intrusive<TapeHolder>();
    holder->chain = *chain;
    holder->storage = storage;
    auto output = chain_forward(*chain, input, storage, &holder->tape);
    // The output is about to own this node of the graph, and what the node owns must not own the output.
    if (storage == MapStorage::kFloat32) holder->tape.back().output = output.detach();
    context->saved_data["tape"] = c10::IValue::make_capsule(holder);
    return output;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto holder = c10::static_intrusive_pointer_cast<TapeHolder>(context->saved_data["tape"].toCapsule());
    TORCH_CHECK(!holder->tape.empty(), "a second backward pass through a chain whose graph was not retained");
    auto found =
        chain_backward(holder->chain, holder->tape, holder->storage, gradients[0], context->needs_input_grad(0));
    variable_list all = {found.input};
    for (std::size_t i = 0; const auto& parameter : chain_parameters(holder->chain))
      if (const auto& gradient = found.parameters[i++]; parameter.defined()) all.push_back(gradient);
    if (!torch::autograd::get_current_graph_task_keep_graph()) holder->tape.clear();
    all.resize(all.size() + 2);  // the chain itself and its storage have no gradient
    return all;
  }
};

std::vector<Tensor> defined(std::vector<Tensor> tensors) {
  std::erase_if(tensors, [](const Tensor& tensor) { return !tensor.defined(); });
  return tensors;
}

/// Whether the chain takes as many channels as there are, and leaves at least a pixel of the maps everywhere; else its
/// layers say themselves what is wrong.
bool fits(const Chain& chain, const Tensor& input) {
  const bool flat = input.dim() == 2;
  auto channels = input.size(1), height = flat ? 1 : input.size(2), width = flat ? 1 : input.size(3);
  for (const auto& stage : chain) {
    if (flat ? stage.convolution != nullptr : stage.dense != nullptr) return false;
    if (stage.dense) {
      if (stage.dense->options.in_features() != channels) return false;
      channels = stage.dense->options.out_features();
    }
    if (stage.convolution) {
      const auto& options = stage.convolution->options;
      if (options.in_channels() != channels) return false;
      channels = options.out_channels();
      const auto side = [&](std::int64_t from) {
        return (from + 2 * padding_of(options) - options.kernel_size()->at(0)) / options.stride()->at(0) + 1;
      };
      height = side(height);
      width = side(width);
    }
    if (stage.norm && stage.norm->weight.numel() != channels) return false;
    if (stage.pool != Pool::kNone) {
      height /= 2;
      width /= 2;
    }
    if (height < 1 || width < 1) return false;
  }
  return true;
}

bool learns(const Chain& chain) {
  return std::ranges::any_of(defined(chain_parameters(chain)), [](const Tensor& p) { return p.requires_grad(); });
}

}  // namespace

bool has_chain_kernels() {
  static const bool has = (hwy::SupportedTargets() & (HWY_AVX2 | HWY_AVX3)) != 0;
  return has;
}

bool is_chain_convolution(const torch::nn::Conv2dImpl& convolution) {
  const auto& options = convolution.options;
  return is_square(options.kernel_size(), 3) && is_square(options.stride(), 1) && is_square(options.dilation(), 1) &&
         padding_of(options) == 1 && options.groups() == 1 && options.in_channels() % kChannelBlock == 0 &&
         options.out_channels() % kChannelBlock == 0;
}

bool is_first_convolution(const torch::nn::Conv2dImpl& convolution, bool normalised) {
  const auto& options = convolution.options;
  const auto kernel = options.kernel_size()->at(0), stride = options.stride()->at(0);
  return options.in_channels() == 1 && options.out_channels() % kChannelBlock == 0 && options.groups() == 1 &&
         is_square(options.kernel_size(), kernel) && is_square(options.stride(), stride) &&
         is_square(options.dilation(), 1) && padding_of(options) >= 0 && kernel <= kMostFirstKernel && stride <= 2 &&
         (!normalised || (kernel == kMomentKernel && stride == 1));
}

bool can_run(const Chain& chain, const Tensor& input) {
  if (!has_chain_kernels() || !input.is_cpu() || input.scalar_type() != torch::kFloat32 ||
      (input.dim() != 4 && input.dim() != 2) || input.numel() == 0 || !fits(chain, input))
    return false;
  for (const auto& parameter : defined(chain_parameters(chain)))
    if (parameter.scalar_type() != torch::kFloat32) return false;
  if (!at::GradMode::is_enabled()) return true;
  // What is frozen in part, or learns while its statistics stand still, is rare enough to go the plain way.
  const bool first = is_first(chain.front());
  if (first && input.requires_grad()) return false;
  if (!learns(chain) && !input.requires_grad()) return true;
  return std::ranges::all_of(chain, [](const ChainStage& stage) { return !stage.norm || stage.norm->is_training(); });
}

Tensor run_chain(const Chain& chain, const Tensor& input, MapStorage storage) {
  const auto parameters = defined(chain_parameters(chain));
  if (at::GradMode::is_enabled() && (learns(chain) || input.requires_grad()))
    return ChainFunction::apply(input, at::TensorList(parameters), &chain, storage);
  return chain_forward(chain, input, storage, nullptr);
}

std::vector<Tensor> chain_parameters(const Chain& chain) {
  std::vector<Tensor> parameters;
  for (const auto& stage : chain) {
    parameters.push_back(weight_of(stage));
    parameters.push_back(bias_of(stage));
    parameters.push_back(stage.norm ? stage.norm->weight : Tensor());
    parameters.push_back(stage.norm ? stage.norm->bias : Tensor());
  }
  return parameters;
}

Tensor weight_of(const ChainStage& stage) {
  return stage.convolution ? stage.convolution->weight : stage.dense ? stage.dense->weight : Tensor();
}

Tensor bias_of(const ChainStage& stage) {
  return stage.convolution ? stage.convolution->bias : stage.dense ? stage.dense->bias : Tensor();
}

bool is_first(const ChainStage& stage) {
  return stage.convolution && stage.convolution->options.in_channels() == 1;
}

ConvolutionShape convolution_shape(const ChainStage& stage, const Tensor& input) {
  const auto& options = stage.convolution->options;
  return {input.size(2), input.size(3), options.in_channels(), options.out_channels()};
}

FirstConvolutionShape first_shape(const ChainStage& stage, const Tensor& input) {
  const auto& options = stage.convolution->options;
  return {input.size(2),           input.size(3),      options.out_channels(), options.kernel_size()->at(0),
          options.stride()->at(0), padding_of(options)};
}

}  // namespace fer
