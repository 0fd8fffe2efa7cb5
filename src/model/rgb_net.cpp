#include "model/rgb_net.h"

#include <torch/torch.h>

namespace fer {

torch::Tensor RgbNet::prepare(const torch::Tensor& images) const {
  auto sized = images;
  if (input_size_ > 0 && (images.size(2) != input_size_ || images.size(3) != input_size_))
    sized = at::_upsample_bilinear2d_aa(images, {input_size_, input_size_}, /*align_corners=*/false);
  const auto channels = [&](const std::vector<float>& values) {
    return torch::tensor(values, images.options()).view({1, 3, 1, 1});
  };
  return (sized - channels(brightness_.means)) / channels(brightness_.deviations);
}

}  // namespace fer
