#include "model/rgb_net.h"

#include <torch/torch.h>

namespace fer {

torch::Tensor RgbNet::prepare(const torch::Tensor& images) const {
  auto sized = images;
  if (input_size_ > 0 && (images.size(2) != input_size_ || images.size(3) != input_size_))
    sized = at::_upsample_bilinear2d_aa(images, {input_size_, input_size_}, /*align_corners=*/false);
  // By numbers instead of tensors, which a recorded step could not bring to a GPU.
  std::vector<torch::Tensor> channels;
  for (std::size_t c = 0; c < brightness_.means.size(); ++c)
    channels.push_back((sized - brightness_.means[c]) / brightness_.deviations[c]);
  return torch::cat(channels, 1);
}

}  // namespace fer
