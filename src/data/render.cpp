#include "data/render.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "base/error.h"
#include "base/parallel.h"
#include "kernels/augment.h"

#ifdef FER_WITH_CUDA
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace fer {
namespace {

/// Fewer pictures than this are not worth starting a thread for: each takes a few microseconds.
constexpr std::int64_t kPicturesPerThread = 256;

AugmentBatch slice(const AugmentBatch& batch, std::int64_t begin, std::int64_t end) {
  AugmentBatch part = batch;
  part.size = end - begin;
  part.indices += begin;
  part.draws += begin;
  if (batch.partners != nullptr) {
    part.partners += begin;
    part.partner_draws += begin;
    part.lambdas += begin;
  }
  return part;
}

void render_by_threads(const AugmentBatch& batch, float* out) {
  const auto slices = (batch.size + kPicturesPerThread - 1) / kPicturesPerThread;
  const std::int64_t pixels = static_cast<std::int64_t>(batch.out.height) * batch.out.width;
  const auto threads = static_cast<int>(std::min<std::int64_t>(slices, at::get_num_threads()));
  for_each_index(slices, threads, [&](std::int64_t i) {
    const auto begin = i * kPicturesPerThread;
    augment_images(slice(batch, begin, std::min(begin + kPicturesPerThread, batch.size)), out + begin * pixels);
  });
}

/// The pointers of a batch, which all lie where its pictures lie.
AugmentBatch batch_of(const torch::Tensor& images, const std::int64_t* rows, const AugmentDraw* draws,
                      const float* own_shares, std::int64_t size, PictureSize out) {
  AugmentBatch batch{images.const_data_ptr<std::uint8_t>(), picture_size_of(images), out, size, rows, draws};
  if (own_shares != nullptr) {
    batch.partners = rows + 1;
    batch.partner_draws = draws + 1;
    batch.lambdas = own_shares;
  }
  return batch;
}

#ifdef FER_WITH_CUDA
template <class T>
torch::Tensor bytes_on(std::span<const T> items, const torch::Device& device) {
  const auto count = static_cast<std::int64_t>(items.size_bytes());
  return torch::from_blob(const_cast<T*>(items.data()), {count}, torch::kUInt8).to(device);
}

void render_on_gpu(const torch::Tensor& images, std::span<const std::int64_t> rows, std::span<const AugmentDraw> draws,
                   const torch::Tensor& own_shares, torch::Tensor& pictures, PictureSize out) {
  const c10::cuda::CUDAGuard guard(images.device());  // a helper thread starts out on the first GPU
  const auto device_rows = bytes_on(rows, images.device());
  const auto device_draws = bytes_on(draws, images.device());
  const auto device_shares = own_shares.defined() ? own_shares.to(images.device()) : own_shares;
  augment_images_cuda(
      batch_of(images, static_cast<const std::int64_t*>(device_rows.const_data_ptr()),
               static_cast<const AugmentDraw*>(device_draws.const_data_ptr()),
               own_shares.defined() ? device_shares.const_data_ptr<float>() : nullptr, pictures.size(0), out),
      pictures.data_ptr<float>(), c10::cuda::getCurrentCUDAStream());
}
#endif

}  // namespace

PictureSize picture_size_of(const torch::Tensor& images) {
  return {static_cast<std::int32_t>(images.size(1)), static_cast<std::int32_t>(images.size(2))};
}

torch::Tensor render_pictures(const torch::Tensor& images, std::span<const std::int64_t> rows,
                              std::span<const AugmentDraw> draws, PictureSize out, const Blend& blend) {
  const auto& own_shares = blend.own_shares;
  const auto size = own_shares.defined() ? own_shares.numel() : static_cast<std::int64_t>(rows.size());
  require(rows.size() == draws.size() &&
              (!own_shares.defined() || size == 0 || size + 1 == static_cast<std::int64_t>(rows.size())),
          "a batch's rows, draws and shares differ in number");
  auto pictures = torch::empty({size, 1, out.height, out.width}, images.options().dtype(torch::kFloat32));
  if (size == 0) return pictures;
#ifdef FER_WITH_CUDA
  if (images.is_cuda()) {
    render_on_gpu(images, rows, draws, own_shares, pictures, out);
    return pictures;
  }
#endif
  render_by_threads(batch_of(images, rows.data(), draws.data(),
                             own_shares.defined() ? own_shares.const_data_ptr<float>() : nullptr, size, out),
                    pictures.data_ptr<float>());
  return pictures;
}

}  // namespace fer
