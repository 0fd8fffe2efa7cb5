#include "data/loader.h"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "kernels/gather_images.h"

#ifdef FER_WITH_CUDA
#include <c10/cuda/CUDAStream.h>
#endif

namespace fer {
namespace {

void gather(const torch::Tensor& images, const torch::Tensor& indices, torch::Tensor& out) {
  const auto pixels = images.size(1) * images.size(2);
  const auto* source = images.const_data_ptr<std::uint8_t>();
  const auto* rows = indices.const_data_ptr<std::int64_t>();
#ifdef FER_WITH_CUDA
  if (images.is_cuda()) {
    gather_images_cuda(source, rows, indices.numel(), pixels, out.data_ptr<float>(), c10::cuda::getCurrentCUDAStream());
    return;
  }
#endif
  gather_images(source, rows, indices.numel(), pixels, out.data_ptr<float>());
}

}  // namespace

Loader::Loader(const Split& split, std::int64_t classes, torch::Device device)
    : classes_(classes),
      images_(split.images.to(device)),
      labels_(split.labelled() ? split.labels.to(device) : torch::Tensor()) {}

Batch Loader::load(std::span<const std::int64_t> indices) const {
  require(std::ranges::all_of(indices, [&](std::int64_t i) { return i >= 0 && i < size(); }),
          "a sample's index is out of range");
  const auto rows = torch::tensor(at::IntArrayRef(indices.data(), indices.size()), torch::kInt64).to(images_.device());
  auto batch = torch::empty({rows.numel(), 1, images_.size(1), images_.size(2)},
                            torch::dtype(torch::kFloat32).device(images_.device()));
  gather(images_, rows, batch);
  return {batch, labels_.defined() ? labels_.index_select(0, rows) : torch::Tensor()};
}

Batch Loader::load_range(std::int64_t begin, std::int64_t end) const {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(end - begin));
  std::iota(indices.begin(), indices.end(), begin);
  return load(indices);
}

}  // namespace fer
