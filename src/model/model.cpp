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
#include "model/joint_net.h"
#include "model/mlp.h"
#include "model/resnet.h"
#include "model/s4_cnn.h"
#include "model/staged_cnn.h"
#include "model/strong_net.h"
#include "model/vgg.h"

namespace fer {
namespace {

/// What a net is made by, and which of a config's choices it knows.
struct Entry {
  std::function<std::shared_ptr<Net>(const ModelConfig&)> make;
  bool has_head = false;
  bool resizes = false;
  bool has_stages = false;
};

template <class Architecture, class... More>
Entry plain(const More&... more) {
  return {[=](const ModelConfig& config) { return std::make_shared<Architecture>(config, more...); }};
}

template <class Architecture>
Entry resizing() {
  Entry entry = plain<Architecture>();
  entry.resizes = true;
  return entry;
}

template <class Architecture>
Entry photographic() {
  Entry entry = resizing<Architecture>();
  entry.has_head = true;
  return entry;
}

Entry staged(const StagedCnn::Shape& shape) {
  Entry entry = plain<StagedCnn>(shape);
  entry.has_head = entry.has_stages = true;
  return entry;
}

const std::map<std::string, Entry>& nets() {
  static const std::map<std::string, Entry> table = {
      {"cnn-bayes", staged(StagedCnn::kCnnBayes)},
      {"cnn2", plain<Cnn2>()},
      {"cnn3-mlp", plain<Cnn3Mlp>()},
      {"cnn4", staged(StagedCnn::kCnn4)},
      {"cnn7", staged(StagedCnn::kCnn7)},
      {"cnn9", plain<Cnn9>()},
      {"efficientnet_b2", photographic<EfficientNetB2>()},
      {"fast-m", plain<FastNet>(FastNet::kMedium)},
      {"fast-s", plain<FastNet>(FastNet::kSmall)},
      {"fer-resnet18", plain<FerResNet18>()},
      {"fer-vgg19", plain<FerVgg19>()},
      {"inception_v3", photographic<InceptionV3>()},
      {"mlp", plain<Mlp>()},
      {"resnet18", photographic<ResNet>()},
      {"resnet50", photographic<ResNet>()},
      {"s3-joint", resizing<JointNet>()},
      {"s4-cnn", resizing<S4Cnn>()},
      {"strong", plain<StrongNet>()},
      {"vgg16", photographic<Vgg>()},
      {"vgg19", photographic<Vgg>()},
  };
  return table;
}

void refuse(bool refused, const std::string& option, const std::string& model) {
  require(!refused, ExitCode::kUsage, fmt::format("model {} has no --{}; leave it out.", model, option));
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : nets()) names.push_back(name);
  return names;
}

std::shared_ptr<Net> make_model(const ModelConfig& config) {
  const auto found = nets().find(config.name);
  require(
      found != nets().end(), ExitCode::kUsage,
      fmt::format("there is no model '{}'; did you mean '{}'?", config.name, closest_name(config.name, model_names())));
  const Entry& entry = found->second;
  refuse(!config.head.empty() && !entry.has_head, "head", config.name);
  refuse(config.input_size > 0 && !entry.resizes, "input-size", config.name);
  refuse(!config.stages.empty() && !entry.has_stages, "stages", config.name);
  refuse(config.dropout >= 0 && !entry.has_stages, "dropout", config.name);
  return entry.make(config);
}

std::int64_t parameter_count(const torch::nn::Module& net) {
  std::int64_t count = 0;
  for (const auto& parameter : net.parameters()) count += parameter.numel();
  return count;
}

}  // namespace fer
