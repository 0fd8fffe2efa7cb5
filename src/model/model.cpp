#include "model/model.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <functional>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "model/cnn2.h"
#include "model/cnn3_mlp.h"
#include "model/cnn9.h"
#include "model/efficientnet_b2.h"
#include "model/fast_net.h"
#include "model/fer_resnet18.h"
#include "model/fer_vgg19.h"
#include "model/inception_v3.h"
#include "model/mlp.h"
#include "model/resnet.h"
#include "model/s4_cnn.h"
#include "model/staged_cnn.h"
#include "model/strong_net.h"
#include "model/vgg.h"

namespace fer {
namespace {

using Maker = std::function<std::shared_ptr<Net>(const ModelConfig&)>;

template <class Architecture, class... More>
Maker maker(const More&... more) {
  return [=](const ModelConfig& config) { return std::make_shared<Architecture>(config, more...); };
}

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> table = {
      {"cnn2", maker<Cnn2>()},
      {"cnn3-mlp", maker<Cnn3Mlp>()},
      {"cnn4", maker<StagedCnn>(StagedCnn::kCnn4)},
      {"cnn7", maker<StagedCnn>(StagedCnn::kCnn7)},
      {"cnn9", maker<Cnn9>()},
      {"efficientnet_b2", maker<EfficientNetB2>()},
      {"fast-m", maker<FastNet>(FastNet::kMedium)},
      {"fast-s", maker<FastNet>(FastNet::kSmall)},
      {"fer-resnet18", maker<FerResNet18>()},
      {"fer-vgg19", maker<FerVgg19>()},
      {"inception_v3", maker<InceptionV3>()},
      {"mlp", maker<Mlp>()},
      {"resnet18", maker<ResNet>()},
      {"resnet50", maker<ResNet>()},
      {"s4-cnn", maker<S4Cnn>()},
      {"strong", maker<StrongNet>()},
      {"vgg16", maker<Vgg>()},
      {"vgg19", maker<Vgg>()},
  };
  return table;
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

std::shared_ptr<Net> make_model(const ModelConfig& config) {
  const auto found = makers().find(config.name);
  require(
      found != makers().end(), ExitCode::kUsage,
      fmt::format("there is no model '{}'; did you mean '{}'?", config.name, closest_name(config.name, model_names())));
  return found->second(config);
}

std::int64_t parameter_count(const torch::nn::Module& net) {
  std::int64_t count = 0;
  for (const auto& parameter : net.parameters()) count += parameter.numel();
  return count;
}

}  // namespace fer
