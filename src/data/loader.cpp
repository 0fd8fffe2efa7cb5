#include "data/loader.h"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "data/render.h"

namespace fer {

Loader::Loader(const Split& split, std::int64_t classes, torch::Device device, const ViewConfig& views)
    : classes_(classes),
      images_(split.images.to(device)),
      labels_(split.labelled() ? split.labels.to(device) : torch::Tensor()),
      out_(views.crop > 0 ? PictureSize{views.crop, views.crop} : picture_size_of(split.images)),
      draws_(test_view_draws(views.views, picture_size_of(split.images), views.crop)) {}

torch::Tensor Loader::load(std::span<const std::int64_t> indices, std::int64_t view) const {
  require(std::ranges::all_of(indices, [&](std::int64_t i) { return i >= 0 && i < size(); }),
          "a sample's index is out of range");
  const std::vector draws(indices.size(), draws_.at(static_cast<std::size_t>(view)));
  return render_pictures(images_, indices, draws, out_);
}

torch::Tensor Loader::load_range(std::int64_t begin, std::int64_t end, std::int64_t view) const {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(end - begin));
  std::iota(indices.begin(), indices.end(), begin);
  return load(indices, view);
}

}  // namespace fer
