#include "model/stages.h"

#include <torch/torch.h>

#include <algorithm>

#include "model/fused_tail.h"

namespace fer {
namespace {

namespace nn = torch::nn;

/// Reads layers from the front.
class LayerReader {
 public:
  LayerReader(std::vector<std::shared_ptr<nn::Module>> layers, std::size_t first)
      : layers_(std::move(layers)), next_(first) {}

  template <class Layer>
  std::shared_ptr<Layer> peek() const {
    return next_ < layers_.size() ? std::dynamic_pointer_cast<Layer>(layers_[next_]) : nullptr;
  }
  template <class Layer>
  std::shared_ptr<Layer> take() {
    auto layer = peek<Layer>();
    if (layer) ++next_;
    return layer;
  }
  bool take_halving_pool() {
    const auto pool = peek<nn::MaxPool2dImpl>();
    const auto is = [](const auto& sides, std::int64_t value) {
      return sides->at(0) == value && sides->at(1) == value;
    };
    const bool halves = pool && is(pool->options.kernel_size(), 2) && is(pool->options.stride(), 2) &&
                        is(pool->options.padding(), 0) && is(pool->options.dilation(), 1) && !pool->options.ceil_mode();
    if (halves) ++next_;
    return halves;
  }
  std::size_t position() const { return next_; }

 private:
  std::vector<std::shared_ptr<nn::Module>> layers_;
  std::size_t next_;
};

/// Kernels go over blocks of channels, but for the answers of a last dense layer.
bool fills_blocks(const ChainStage& stage) {
  const bool fills = !stage.norm || stage.norm->weight.numel() % kChannelBlock == 0;
  return fills && (!stage.dense || !stage.rectified || stage.dense->options.out_features() % kChannelBlock == 0);
}

/// The stage that begins at the reader's position, which is moved behind it.
std::optional<ChainStage> read_stage(LayerReader& reader, bool begins_chain) {
  ChainStage stage;
  stage.convolution = reader.take<nn::Conv2dImpl>();
  if (stage.convolution && reader.take_halving_pool()) stage.pool = Pool::kBeforeNorm;
  if (!stage.convolution) stage.dense = reader.take<nn::LinearImpl>();
  stage.norm = reader.take<BatchNormImpl>();
  stage.rectified = reader.take<nn::ReLUImpl>() != nullptr;
  if (stage.convolution && stage.pool == Pool::kNone && reader.take_halving_pool()) stage.pool = Pool::kAfterNorm;
  if (stage.norm && stage.rectified) stage.dropout = reader.take<DropoutImpl>();

  if (!fills_blocks(stage)) return {};
  if (stage.dense) return stage;
  if (!stage.convolution) return stage.norm && begins_chain ? std::optional(stage) : std::nullopt;
  const bool first = begins_chain && is_first_convolution(*stage.convolution, stage.norm != nullptr) &&
                     !(stage.norm && stage.pool == Pool::kBeforeNorm);
  return first || is_chain_convolution(*stage.convolution) ? std::optional(stage) : std::nullopt;
}

template <class Visit>
void for_each_stages(nn::Module& net, const Visit& visit) {
  for (const auto& module : net.modules(/*include_self=*/false))
    if (auto* stages = module->as<StagesImpl>()) visit(*stages);
}

}  // namespace

std::vector<StagesImpl::Part> StagesImpl::plan() {
  const auto layers = children();
  std::vector<Part> parts;
  for (std::size_t next = 0; next < layers.size();) {
    Part part{{}, next, next + 1};
    for (LayerReader reader(layers, next); auto stage = read_stage(reader, part.chain.empty());) {
      part.chain.push_back(std::move(*stage));
      part.end = reader.position();
    }
    next = part.end;
    parts.push_back(std::move(part));
  }
  return parts;
}

torch::Tensor StagesImpl::forward(const torch::Tensor& input) {
  std::call_once(planned_, [&] { parts_ = plan(); });
  auto maps = input;
  for (const auto& part : parts_) {
    if (!plain_ && !part.chain.empty() && can_run(part.chain, maps)) {
      maps = run_chain(part.chain, maps, storage_);
      continue;
    }
    // On a GPU.
    if (!plain_ && !part.chain.empty() && maps.is_cuda() && can_run_tails(part.chain, maps)) {
      maps = run_tails(part.chain, maps);
      continue;
    }
    for (auto layer = begin() + static_cast<std::ptrdiff_t>(part.first);
         layer != begin() + static_cast<std::ptrdiff_t>(part.end); ++layer)
      maps = layer->forward(maps);
  }
  return maps;
}

void run_plain(torch::nn::Module& net, bool plain) {
  for_each_stages(net, [&](StagesImpl& stages) { stages.run_plain(plain); });
}

PlainPasses::PlainPasses(torch::nn::Module& net) {
  for_each_stages(net, [this](StagesImpl& stages) {
    if (stages.runs_plain()) return;
    changed_.push_back(&stages);
    stages.run_plain(true);
  });
}

PlainPasses::~PlainPasses() {
  for (auto* stages : changed_) stages->run_plain(false);
}

void use_map_storage(torch::nn::Module& net, MapStorage storage) {
  for_each_stages(net, [&](StagesImpl& stages) { stages.use_storage(storage); });
}

}  // namespace fer
