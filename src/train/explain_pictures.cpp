#include "train/explain_pictures.h"

#include <torch/torch.h>

#include "artifacts/explanation_sheet.h"
#include "train/saliency.h"

namespace fer {
namespace {

template <class Value>
std::vector<Value> values_of(const torch::Tensor& values) {
  const auto flat = values.contiguous();
  const auto* first = flat.const_data_ptr<Value>();
  return {first, first + flat.numel()};
}

}  // namespace

std::string explain_pictures(Net& net, const Loader& loader, const torch::Tensor& probabilities) {
  const auto images = loader.load_range(0, loader.size());
  const auto maps = saliency_of(net, images, probabilities.argmax(1));
  const auto levels = (images * 255).round().to(torch::kCPU, torch::kUInt8);
  std::vector<ExplainedPicture> pictures;
  for (std::int64_t i = 0; i < loader.size(); ++i)
    pictures.push_back(
        {values_of<std::uint8_t>(levels[i]), values_of<float>(maps.grad_cam[i]), values_of<float>(maps.gradient[i])});
  return explanation_sheet(pictures, images.size(2), images.size(3));
}

}  // namespace fer
