#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

namespace fer {

/// A classifier of gray pictures.
class Net : public torch::nn::Module {
 public:
  /// @param images  [N, 1, H, W] float32 in [0, 1]
  /// @return logits [N, classes]
  torch::Tensor forward(const torch::Tensor& images) { return classify(prepare(images)); }

  /// Makes of pictures what the layers want: another size, colours, another scale. On the pictures' device.
  virtual torch::Tensor prepare(const torch::Tensor& images) const { return images; }

  /// @param inputs  what prepare() returns: [N, channels, height, width], normalised
  /// @return logits [N, classes]
  virtual torch::Tensor classify(const torch::Tensor& inputs) = 0;

  /// What the names of the last layers' tensors start with: those that another number of classes makes different. A net
  /// of several branches has several.
  virtual std::vector<std::string> head_names() const = 0;
};

struct ModelConfig {
  std::string name = "cnn3-mlp";
  std::int64_t classes = 7;
  std::int64_t height = 48;
  std::int64_t width = 48;
  std::int64_t input_size = 0;  // side to which nets that resize bring pictures; 0: the net's own choice
  std::string head = "";        // of nets whose last layers can be chosen, see make_head(); empty: their own
  std::string stages = "";      // of StagedCnn; empty: those of the name
  double dropout = -1;          // of StagedCnn, behind each stage; negative: that of the name
};

/// Makes a net by name, with fresh weights from torch's generator.
/// @throws Error (kUsage) naming the closest known name, or the option that the net does not know, or if the pictures
///         are too small for the net.
std::shared_ptr<Net> make_model(const ModelConfig& config);

std::vector<std::string> model_names();

std::int64_t parameter_count(const torch::nn::Module& net);

}  // namespace fer
