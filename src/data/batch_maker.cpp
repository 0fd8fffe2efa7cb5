#include "data/batch_maker.h"

#include <torch/torch.h>

#include "data/render.h"
#include "kernels/mixup_math.h"

namespace fer {

BatchMaker::BatchMaker(const Augmentation& augmentation, PictureSize stored, std::uint64_t seed)
    : augmentation_(augmentation), stored_(stored), seed_(seed) {
  check_augmentation(augmentation, stored);
}

Pictures BatchMaker::make(const torch::Tensor& images, std::span<const std::int64_t> rows,
                          std::span<const std::int64_t> keys, std::int64_t epoch) const {
  std::vector<AugmentDraw> draws;
  for (const auto key : keys) draws.push_back(draw_augmentation(augmentation_.spec, seed_, epoch, key, stored_));
  Pictures pictures;
  if (mixes()) pictures.own_shares = draw_own_shares(keys.first(keys.size() - (keys.empty() ? 0 : 1)), epoch);
  pictures.images = render_pictures(images, rows, draws, size(), {pictures.own_shares});
  return pictures;
}

torch::Tensor BatchMaker::draw_own_shares(std::span<const std::int64_t> keys, std::int64_t epoch) const {
  const auto shares = torch::empty({static_cast<std::int64_t>(keys.size())}, torch::kFloat32);
  for (std::size_t i = 0; i < keys.size(); ++i)
    shares.data_ptr<float>()[i] = draw_mixup_lambda(augmentation_.mixup_alpha, seed_, epoch, keys[i]);
  return shares;
}

}  // namespace fer
