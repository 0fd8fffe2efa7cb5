#include "kernels/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

// Highway reads this file once for each instruction set, and picks the best one that the processor has at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/augment.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef FER_KERNELS_AUGMENT_ONCE
#define FER_KERNELS_AUGMENT_ONCE
namespace fer {

/// A copy of a stored picture with a black border, so that the four neighbours of any point in [-1, width] x
/// [-1, height] can be read without asking whether they are inside.
struct BorderedPicture {
  const std::uint8_t* first;  // pixel (0, 0); kVectorSlack bytes may be read ahead of and behind the border
  std::int64_t stride;
  PictureSize size;
};

/// The most lanes that a vector of floats has, and so the most elements read or written beyond a row.
constexpr std::int64_t kVectorSlack = 16;

}  // namespace fer
#endif

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Ints = hn::RebindToSigned<Floats>;
using Bytes = hn::Rebind<std::uint8_t, Floats>;
using FloatVector = hn::Vec<Floats>;
using IntVector = hn::Vec<Ints>;

static_assert(HWY_LANES(float) <= kVectorSlack);

// Mul and Add throughout, never MulAdd: not every processor has it, and it rounds once where the two round twice. Nor
// may the compiler join them, hence -ffp-contract=off.

HWY_INLINE FloatVector between(FloatVector from, FloatVector to, FloatVector share) {
  return hn::Add(from, hn::Mul(share, hn::Sub(to, from)));
}

HWY_INLINE FloatVector clamped(FloatVector value, float least, float most) {
  const Floats d;
  return hn::Min(hn::Max(value, hn::Set(d, least)), hn::Set(d, most));
}

/// Byte number `kByte` of every lane, as floats.
template <int kByte>
HWY_INLINE FloatVector byte_of(IntVector words) {
  return hn::ConvertTo(Floats(), hn::And(hn::ShiftRight<8 * kByte>(words), hn::Set(Ints(), 0xFF)));
}

/// Two neighbours in a row, weighed. A gather brings four bytes, of which the first two are used.
HWY_INLINE FloatVector row_between(const std::uint8_t* first, IntVector offsets, FloatVector share) {
  const auto words = hn::GatherOffset(Ints(), reinterpret_cast<const std::int32_t*>(first), offsets);
  return between(byte_of<0>(words), byte_of<1>(words), share);
}

/// bilinear_byte() of augment_math.h.
HWY_INLINE FloatVector bilinear_bytes(const BorderedPicture& picture, FloatVector x, FloatVector y) {
  const auto source_x = clamped(x, -1.0F, static_cast<float>(picture.size.width));
  const auto source_y = clamped(y, -1.0F, static_cast<float>(picture.size.height));
  const auto left = hn::Floor(source_x), top = hn::Floor(source_y);
  const auto share_x = hn::Sub(source_x, left), share_y = hn::Sub(source_y, top);
  const Ints di;
  const auto stride = hn::Set(di, static_cast<std::int32_t>(picture.stride));
  const auto offsets = hn::Add(hn::Mul(hn::ConvertTo(di, top), stride), hn::ConvertTo(di, left));
  const auto above = row_between(picture.first, offsets, share_x);
  const auto below = row_between(picture.first + picture.stride, offsets, share_x);
  return between(above, below, share_y);
}

/// From [0, 255] to [0, 1], with contrast and brightness.
HWY_INLINE FloatVector toned(FloatVector bytes, float gain, float offset) {
  const Floats d;
  const auto unit = hn::Div(bytes, hn::Set(d, 255.0F));
  return clamped(hn::Add(hn::Mul(unit, hn::Set(d, gain)), hn::Set(d, offset)), 0.0F, 1.0F);
}

/// Row y of the output. @param row  [width] and kVectorSlack more
void sample_row(const BorderedPicture& picture, const AugmentDraw& draw, float offset, std::int32_t y,
                std::int32_t width, float* row) {
  const Floats d;
  const auto line = static_cast<float>(y);
  const auto start_x = hn::Set(d, draw.xy * line + draw.x0), start_y = hn::Set(d, draw.yy * line + draw.y0);
  const auto step_x = hn::Set(d, draw.xx), step_y = hn::Set(d, draw.yx);
  const auto lanes = static_cast<std::int32_t>(hn::Lanes(d));
  for (std::int32_t x = 0; x < width; x += lanes) {
    const auto column = hn::Iota(d, static_cast<float>(x));
    const auto bytes =
        bilinear_bytes(picture, hn::Add(hn::Mul(step_x, column), start_x), hn::Add(hn::Mul(step_y, column), start_y));
    hn::StoreU(toned(bytes, draw.gain, offset), d, row + x);
  }
}

/// Row y of the output of a draw that only flips and moves by whole pixels: source pixels stand side by side.
/// @param row  [width] and kVectorSlack more
void copy_row(const BorderedPicture& picture, const AugmentDraw& draw, float offset, std::int32_t y, std::int32_t width,
              float* row) {
  const Floats d;
  const Ints di;
  const Bytes db;
  const auto source_y = static_cast<std::int64_t>(draw.yy * static_cast<float>(y) + draw.y0);
  const std::uint8_t* source = picture.first + source_y * picture.stride + static_cast<std::int64_t>(draw.x0);
  const bool flipped = draw.xx < 0.0F;
  const auto lanes = static_cast<std::int32_t>(hn::Lanes(d));
  for (std::int32_t x = 0; x < width; x += lanes) {
    const std::uint8_t* from = flipped ? source - x - lanes + 1 : source + x;
    const auto bytes = hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(db, from)));
    hn::StoreU(toned(flipped ? hn::Reverse(d, bytes) : bytes, draw.gain, offset), d, row + x);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fer {
namespace {

HWY_EXPORT(sample_row);
HWY_EXPORT(copy_row);

/// Where bordered copies are made, one after another.
class BorderedCopy {
 public:
  explicit BorderedCopy(PictureSize size)
      : size_(size),
        stride_(size.width + kBefore + kBehind),
        bytes_(static_cast<std::size_t>(stride_ * (size.height + kBefore + kBehind) + 2 * kVectorSlack)) {}

  /// @param picture  [height, width]; the copy lasts until the next call.
  BorderedPicture copy(const std::uint8_t* picture) {
    std::uint8_t* first = bytes_.data() + kVectorSlack + kBefore * stride_ + kBefore;
    for (std::int64_t y = 0; y < size_.height; ++y)
      std::memcpy(first + y * stride_, picture + y * size_.width, static_cast<std::size_t>(size_.width));
    return {first, stride_, size_};
  }

 private:
  static constexpr std::int64_t kBefore = 1;  // the neighbours of -1 are -1 and 0
  static constexpr std::int64_t kBehind = 2;  // those of `width` are `width` and `width` + 1

  PictureSize size_;
  std::int64_t stride_;
  std::vector<std::uint8_t> bytes_;
};

/// A stored picture and what is done to it.
struct Term {
  const std::uint8_t* picture;
  const AugmentDraw& draw;
  float offset;  // of the tone
};

std::uint32_t sum_of_bytes(const std::uint8_t* picture, PictureSize size) {
  std::uint32_t sum = 0;
  for (std::int32_t i = 0; i < size.height * size.width; ++i) sum += picture[i];
  return sum;
}

Term term_of(const AugmentBatch& batch, std::int64_t index, const AugmentDraw& draw) {
  const std::uint8_t* picture = batch.images + index * batch.stored.height * batch.stored.width;
  const std::uint32_t sum = draw.mean_share == 0.0F ? 0 : sum_of_bytes(picture, batch.stored);
  return {picture, draw, tone_offset(draw, sum, batch.stored)};
}

/// Whether pixels 0 .. count-1 come from whole pixels start, start + step, ..., one apart and none beyond the border.
bool takes_whole_pixels(float start, float step, std::int32_t count, std::int32_t side) {
  const float end = start + step * static_cast<float>(count - 1);
  const auto [low, high] = std::minmax(start, end);
  return std::abs(step) == 1.0F && std::floor(start) == start && low >= -1.0F && high <= static_cast<float>(side);
}

/// Whether copy_row() can make the picture.
bool only_moves(const AugmentDraw& draw, PictureSize stored, PictureSize out) {
  return draw.xy == 0.0F && draw.yx == 0.0F && takes_whole_pixels(draw.x0, draw.xx, out.width, stored.width) &&
         takes_whole_pixels(draw.y0, draw.yy, out.height, stored.height);
}

void erase_row(const ErasedRectangle& erased, std::int32_t y, float* row) {
  if (y < erased.top || y >= erased.top + erased.height) return;
  std::fill_n(row + erased.left, erased.width, 0.0F);
}

/// Makes the rows of a picture with vectors.
class VectorRows {
 public:
  explicit VectorRows(const AugmentBatch& batch)
      : stored_(batch.stored),
        out_(batch.out),
        bordered_(batch.stored),
        row_(static_cast<std::size_t>(batch.out.width + kVectorSlack)) {}

  /// Calls put(y, row) for every output row in turn, row [out.width].
  template <class Put>
  void make(const Term& term, const Put& put) {
    const BorderedPicture bordered = bordered_.copy(term.picture);
    const auto make_row =
        only_moves(term.draw, stored_, out_) ? HWY_DYNAMIC_DISPATCH(copy_row) : HWY_DYNAMIC_DISPATCH(sample_row);
    for (std::int32_t y = 0; y < out_.height; ++y) {
      make_row(bordered, term.draw, term.offset, y, out_.width, row_.data());
      erase_row(term.draw.erased, y, row_.data());
      put(y, row_.data());
    }
  }

 private:
  PictureSize stored_;
  PictureSize out_;
  BorderedCopy bordered_;
  std::vector<float> row_;
};

/// Makes them a pixel at a time.
class PlainRows {
 public:
  explicit PlainRows(const AugmentBatch& batch)
      : stored_(batch.stored), out_(batch.out), row_(static_cast<std::size_t>(batch.out.width)) {}

  template <class Put>
  void make(const Term& term, const Put& put) {
    for (std::int32_t y = 0; y < out_.height; ++y) {
      for (std::int32_t x = 0; x < out_.width; ++x)
        row_[static_cast<std::size_t>(x)] = augmented_pixel(term.picture, stored_, term.draw, term.offset, x, y);
      put(y, row_.data());
    }
  }

 private:
  PictureSize stored_;
  PictureSize out_;
  std::vector<float> row_;
};

template <class Rows>
void make_batch(const AugmentBatch& batch, Rows rows, float* out) {
  const std::int64_t width = batch.out.width, pixels = batch.out.height * width;
  for (std::int64_t i = 0; i < batch.size; ++i, out += pixels) {
    rows.make(term_of(batch, batch.indices[i], batch.draws[i]),
              [&](std::int64_t y, const float* row) { std::copy_n(row, width, out + y * width); });
    if (batch.partners == nullptr) continue;
    const auto blend_row = [&, lambda = batch.lambdas[i]](std::int64_t y, const float* row) {
      float* own = out + y * width;
      for (std::int64_t x = 0; x < width; ++x) own[x] = blended(own[x], row[x], lambda);
    };
    rows.make(term_of(batch, batch.partners[i], batch.partner_draws[i]), blend_row);
  }
}

}  // namespace

void augment_images(const AugmentBatch& batch, float* out) {
  make_batch(batch, VectorRows(batch), out);
}

void augment_images_plain(const AugmentBatch& batch, float* out) {
  make_batch(batch, PlainRows(batch), out);
}

}  // namespace fer

#endif  // HWY_ONCE
