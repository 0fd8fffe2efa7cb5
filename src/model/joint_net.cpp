#include "model/joint_net.h"

#include <torch/torch.h>

#include <cmath>

namespace fer {
namespace {

constexpr std::int64_t kInputSize = 224;
constexpr const char* kResNetHead = "dense:64,dropout:0.5";
constexpr const char* kVggHead =
    "dense:32,norm,relu,dropout:0.5,dense:32,norm,relu,dropout:0.5,dense:32,norm,relu,dropout:0.5";

ModelConfig branch_config(const ModelConfig& config, const std::string& name) {
  return {name, config.classes, config.height, config.width};
}

ModelConfig photographic_branch(const ModelConfig& config, const std::string& name, const std::string& head) {
  auto branch = branch_config(config, name);
  branch.input_size = config.input_size > 0 ? config.input_size : kInputSize;
  branch.head = head;
  return branch;
}

}  // namespace

JointNet::JointNet(const ModelConfig& config) {
  for (const auto& branch : {photographic_branch(config, "resnet50", kResNetHead), branch_config(config, "cnn-bayes"),
                             photographic_branch(config, "vgg16", kVggHead)})
    branches_.push_back(register_module(branch.name, make_model(branch)));
}

torch::Tensor JointNet::classify(const torch::Tensor& images) {
  std::vector<torch::Tensor> answers;
  for (const auto& branch : branches_) answers.push_back(branch->forward(images).log_softmax(1));
  return torch::stack(answers).logsumexp(0) - std::log(static_cast<double>(answers.size()));
}

std::vector<std::string> JointNet::head_names() const {
  std::vector<std::string> names;
  for (const auto& branch : named_children())
    for (const auto& name : branch.value()->as<Net>()->head_names()) names.push_back(branch.key() + "." + name);
  return names;
}

}  // namespace fer
