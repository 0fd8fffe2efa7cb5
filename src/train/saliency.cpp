#include "train/saliency.h"

#include <torch/torch.h>

#include "model/last_map.h"
#include "model/stages.h"

namespace fer {
namespace {

using torch::Tensor;

/// Each picture's largest value becomes 1, unless there is none above 0.
/// @param maps  [N, H, W], not negative
Tensor up_to_one(const Tensor& maps) {
  const auto largest = maps.amax({1, 2}, /*keepdim=*/true);
  return torch::where(largest > 0, maps / largest, torch::zeros_like(maps)).to(torch::kCPU);
}

/// Equations 1 and 2 of the paper: a channel's weight is the mean of the gradient over its places, and what the
/// channels together say for the class is what is above 0 of their weighted sum.
/// @return [N, 1, h, w]
Tensor grad_cam_of(const Tensor& map, const Tensor& gradient) {
  const auto weights = gradient.mean({2, 3}, /*keepdim=*/true);
  return (weights * map).sum(1, /*keepdim=*/true).relu();
}

/// Leaves none in the parameters, as backward() would. What is no number, behind a net's logarithm of 0, is none.
Tensor gradient_by(const Tensor& tensor, const Tensor& score) {
  return torch::autograd::grad({score}, {tensor}, /*grad_outputs=*/{}, /*retain_graph=*/true)[0].nan_to_num(0, 0, 0);
}

}  // namespace

Saliency saliency_of(Net& net, const Tensor& images, const Tensor& classes) {
  net.eval();
  const PlainPasses plain(net);  // inside a chain no map can be watched
  const torch::AutoGradMode gradients(true);
  const auto pixels = images.detach().clone().requires_grad_();
  const LastMap last;
  const auto logits = net.forward(pixels);
  // Answers to other pictures do not depend on a picture, so that the sum has each answer's own gradient.
  const auto score = logits.gather(1, classes.to(logits.device()).unsqueeze(1)).sum();

  const auto gradient = gradient_by(pixels, score);
  auto grad_cam = torch::zeros_like(images);
  if (last.map().defined())
    grad_cam = torch::upsample_bilinear2d(grad_cam_of(last.map().detach(), gradient_by(last.map(), score)),
                                          images.sizes().slice(2), /*align_corners=*/false);
  return {up_to_one(grad_cam.squeeze(1)), up_to_one(gradient.abs().squeeze(1))};
}

}  // namespace fer
