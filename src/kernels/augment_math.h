#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/host_device.h"
#include "kernels/philox.h"
#include "kernels/pixel_math.h"

namespace fer {

/// Rows and columns of a picture, both positive; at most 2^24 pixels in all.
struct PictureSize {
  std::int32_t height;
  std::int32_t width;
};

/// How far the pictures of a training run may be changed. The initial values leave them as they are.
struct AugmentSpec {
  float flip = 0;           // probability of a mirror image, left for right
  float vertical_flip = 0;  // probability of top for bottom
  float rotate = 0;         // at most so many degrees, either way
  float shift = 0;          // at most this share of the side, along each axis, in whole pixels
  float zoom_low = 1;       // factors of size; above 1 the face grows
  float zoom_high = 1;
  float shear = 0;        // at most so many degrees, either way; along x alone, as torchvision does with one number
  std::int32_t crop = 0;  // side of the square window that is kept, in pixels; 0 keeps all
  float brightness = 0;   // factor between 1 - brightness and 1 + brightness
  float contrast = 0;     // likewise: the distance from the picture's mean grey
  float erase = 0;        // probability of a black rectangle
};

/// A rectangle of output pixels that are set to 0. Of height 0: none.
struct ErasedRectangle {
  std::int32_t top = 0;
  std::int32_t left = 0;
  std::int32_t height = 0;
  std::int32_t width = 0;
};

/// What is done to one picture. The initial values leave it as it is.
struct AugmentDraw {
  // Output pixel (x, y) shows the stored picture at (xx x + xy y + x0, yx x + yy y + y0), where (0, 0) is the middle of
  // the first pixel. Rotation, zoom, shear, shift, flips and the place of the window are all in here.
  float xx = 1, xy = 0, x0 = 0;
  float yx = 0, yy = 1, y0 = 0;
  // A grey value v becomes gain v + mean_share m, where m is the mean of the stored picture.
  float gain = 1;
  float mean_share = 0;
  ErasedRectangle erased;
};

/// Size of the pictures that come out.
FER_HOST_DEVICE inline PictureSize augmented_size(const AugmentSpec& spec, PictureSize stored) {
  return spec.crop == 0 ? stored : PictureSize{spec.crop, spec.crop};
}

// ------------------------------------------------- where a pixel comes from

/// (x, y) -> (xx x + xy y + x0, yx x + yy y + y0). In double, so that the float in a draw does not depend on the
/// library's sine: two libraries that differ in a double's last bit round to one float, but once in 2^29 numbers.
struct AffineMap {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;
};

/// The way back from a picture that was sheared along x, rotated (clockwise on the screen), zoomed and shifted, in this
/// order and about the origin: torchvision's _get_inverse_affine_matrix with center (0, 0) and shear (shear, 0).
/// @param rotate, shear     degrees; the shear within (-90, 90)
/// @param shift_x, shift_y  pixels to the right and down
/// @param zoom              positive
FER_HOST_DEVICE inline AffineMap inverse_affine(double rotate, double shift_x, double shift_y, double zoom,
                                                double shear) {
  constexpr double kRadiansPerDegree = 3.14159265358979323846 / 180.0;
  const double cosine = std::cos(rotate * kRadiansPerDegree);
  const double sine = std::sin(rotate * kRadiansPerDegree);
  const double slope = std::tan(shear * kRadiansPerDegree);
  AffineMap map;
  map.xx = (cosine - sine * slope) / zoom;
  map.xy = (sine + cosine * slope) / zoom;
  map.yx = -sine / zoom;
  map.yy = cosine / zoom;
  map.x0 = -(map.xx * shift_x + map.xy * shift_y);
  map.y0 = -(map.yx * shift_x + map.yy * shift_y);
  return map;
}

/// The same map with the middle of a picture as its origin, instead of the middle of the first pixel.
FER_HOST_DEVICE inline AffineMap about_centre(AffineMap map, PictureSize size) {
  const double centre_x = 0.5 * (size.width - 1);
  const double centre_y = 0.5 * (size.height - 1);
  map.x0 += centre_x - (map.xx * centre_x + map.xy * centre_y);
  map.y0 += centre_y - (map.yx * centre_x + map.yy * centre_y);
  return map;
}

/// The map whose source was mirrored first, left for right.
FER_HOST_DEVICE inline AffineMap after_flip(AffineMap map, PictureSize size) {
  map.xx = -map.xx;
  map.xy = -map.xy;
  map.x0 = size.width - 1 - map.x0;
  return map;
}

/// The map whose source was turned upside down first.
FER_HOST_DEVICE inline AffineMap after_vertical_flip(AffineMap map, PictureSize size) {
  map.yx = -map.yx;
  map.yy = -map.yy;
  map.y0 = size.height - 1 - map.y0;
  return map;
}

/// The map of the window of the output that begins at (left, top).
FER_HOST_DEVICE inline AffineMap window_of(AffineMap map, std::int32_t top, std::int32_t left) {
  map.x0 += map.xx * left + map.xy * top;
  map.y0 += map.yx * left + map.yy * top;
  return map;
}

/// Puts a map into a draw.
FER_HOST_DEVICE inline void set_source(AugmentDraw& draw, const AffineMap& map) {
  draw.xx = static_cast<float>(map.xx);
  draw.xy = static_cast<float>(map.xy);
  draw.x0 = static_cast<float>(map.x0);
  draw.yx = static_cast<float>(map.yx);
  draw.yy = static_cast<float>(map.yy);
  draw.y0 = static_cast<float>(map.y0);
}

// ------------------------------------------------------- drawing at random

/// Random numbers for one sample in one epoch. The index is (epoch, sample id) side by side, so under one seed no two
/// samples, epochs or purposes share a number.
/// @param stream            the purpose
/// @param epoch, sample_id  each in [0, 2^32)
FER_HOST_DEVICE inline PhiloxStream sample_stream(std::uint64_t seed, std::uint32_t stream, std::int64_t epoch,
                                                  std::int64_t sample_id) {
  return PhiloxStream(seed, stream, (static_cast<std::uint64_t>(epoch) << 32) | static_cast<std::uint32_t>(sample_id));
}

/// Uniform in [-most, most).
FER_HOST_DEVICE inline double draw_symmetric(PhiloxStream& random, double most) {
  return (2.0 * random.uniform() - 1.0) * most;
}

/// A rectangle of 2 % to 33 % of the picture whose height is 0.3 to 3.3 times its width, evenly in the logarithm:
/// torchvision's RandomErasing, but that one which would stick out is cut to the picture, where torchvision draws
/// again.
FER_HOST_DEVICE inline ErasedRectangle draw_rectangle(PhiloxStream& random, PictureSize size) {
  constexpr double kLeastShare = 0.02, kMostShare = 0.33;
  constexpr double kLogLeastAspect = -1.2039728043259361;  // ln 0.3
  constexpr double kLogAspectRange = 2.3978952727983707;   // ln (3.3 / 0.3)
  const double share = kLeastShare + (kMostShare - kLeastShare) * random.uniform();
  const double aspect = std::exp(kLogLeastAspect + kLogAspectRange * random.uniform());
  const double area = share * size.height * size.width;
  const auto height = static_cast<std::int32_t>(std::round(std::sqrt(area * aspect)));
  const auto width = static_cast<std::int32_t>(std::round(std::sqrt(area / aspect)));
  ErasedRectangle rectangle;
  rectangle.height = height < size.height ? height : size.height;
  rectangle.width = width < size.width ? width : size.width;
  rectangle.top =
      static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(size.height - rectangle.height + 1)));
  rectangle.left =
      static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(size.width - rectangle.width + 1)));
  return rectangle;
}

/// What happens to sample `sample_id` in `epoch`: the same on any rank or thread, in any batch and after a resume.
/// Every part takes its numbers whether it is switched on or not, so switching one off leaves the others as they were.
///
/// Ranges and order are torchvision's: flips, RandomAffine, RandomCrop, ColorJitter (contrast, then brightness),
/// RandomErasing; but contrast keeps the mean of the stored picture, not of the warped one, and values are clamped
/// once, at the end. Drawn on the host for the device as well: their sines may differ in the last bit.
/// @param epoch, sample_id  each in [0, 2^32)
/// @param stored            size of the stored picture; spec.crop must fit into it
FER_HOST_DEVICE inline AugmentDraw draw_augmentation(const AugmentSpec& spec, std::uint64_t seed, std::int64_t epoch,
                                                     std::int64_t sample_id, PictureSize stored) {
  constexpr std::uint32_t kAugmentStream = 0x4155474D;  // "AUGM": no other use of a seed draws from it
  PhiloxStream random = sample_stream(seed, kAugmentStream, epoch, sample_id);
  const PictureSize size = augmented_size(spec, stored);

  const bool flip = random.uniform() < spec.flip;
  const bool vertical_flip = random.uniform() < spec.vertical_flip;
  const double rotate = draw_symmetric(random, spec.rotate);
  const double shift_x = std::round(draw_symmetric(random, static_cast<double>(spec.shift) * stored.width));
  const double shift_y = std::round(draw_symmetric(random, static_cast<double>(spec.shift) * stored.height));
  const double zoom = spec.zoom_low + (static_cast<double>(spec.zoom_high) - spec.zoom_low) * random.uniform();
  const double shear = draw_symmetric(random, spec.shear);
  const auto top = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(stored.height - size.height + 1)));
  const auto left = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(stored.width - size.width + 1)));
  const double contrast = 1.0 + draw_symmetric(random, spec.contrast);
  const double brightness = 1.0 + draw_symmetric(random, spec.brightness);
  const bool erase = random.uniform() < spec.erase;
  const ErasedRectangle rectangle = draw_rectangle(random, size);

  AffineMap map = about_centre(inverse_affine(rotate, shift_x, shift_y, zoom, shear), stored);
  if (flip) map = after_flip(map, stored);
  if (vertical_flip) map = after_vertical_flip(map, stored);
  AugmentDraw draw;
  set_source(draw, window_of(map, top, left));
  draw.gain = static_cast<float>(brightness * contrast);
  draw.mean_share = static_cast<float>(brightness * (1.0 - contrast));
  if (erase) draw.erased = rectangle;
  return draw;
}

// ------------------------------------------------------ the value of a pixel
//
// Every product is rounded before it is added, also where a processor could fuse the two: so all of them, and the loop
// over vectors in augment.cpp, give the same bits. This wants -ffp-contract=off of g++ and --fmad=false of nvcc.

/// A coordinate brought to [-1, side]: beyond that the picture is black anyway.
FER_HOST_DEVICE inline float near_picture(float coordinate, std::int32_t side) {
  const float last = static_cast<float>(side);
  const float raised = coordinate > -1.0F ? coordinate : -1.0F;
  return raised < last ? raised : last;
}

/// A stored byte as a float in [0, 255]; 0 outside of the picture.
FER_HOST_DEVICE inline float byte_or_zero(const std::uint8_t* picture, PictureSize size, std::int32_t x,
                                          std::int32_t y) {
  const bool inside = x >= 0 && x < size.width && y >= 0 && y < size.height;
  return inside ? static_cast<float>(picture[static_cast<std::int64_t>(y) * size.width + x]) : 0.0F;
}

FER_HOST_DEVICE inline float between(float from, float to, float share) {
  return from + share * (to - from);
}

/// The picture between its pixels, in [0, 255]: bilinear, black outside, as grid_sample with align_corners=False.
FER_HOST_DEVICE inline float bilinear_byte(const std::uint8_t* picture, PictureSize size, float x, float y) {
  const float source_x = near_picture(x, size.width), source_y = near_picture(y, size.height);
  const float left = std::floor(source_x), top = std::floor(source_y);
  const auto column = static_cast<std::int32_t>(left), row = static_cast<std::int32_t>(top);
  const float share_x = source_x - left, share_y = source_y - top;
  const float above =
      between(byte_or_zero(picture, size, column, row), byte_or_zero(picture, size, column + 1, row), share_x);
  const float below =
      between(byte_or_zero(picture, size, column, row + 1), byte_or_zero(picture, size, column + 1, row + 1), share_x);
  return between(above, below, share_y);
}

/// What contrast and brightness add to every pixel.
/// @param byte_sum  sum of the stored picture's bytes; not looked at if draw.mean_share is 0
FER_HOST_DEVICE inline float tone_offset(const AugmentDraw& draw, std::uint32_t byte_sum, PictureSize stored) {
  if (draw.mean_share == 0.0F) return 0.0F;
  const float most = 255.0F * static_cast<float>(stored.height * stored.width);
  return draw.mean_share * (static_cast<float>(byte_sum) / most);
}

FER_HOST_DEVICE inline bool is_erased(const ErasedRectangle& erased, std::int32_t x, std::int32_t y) {
  return y >= erased.top && y < erased.top + erased.height && x >= erased.left && x < erased.left + erased.width;
}

/// Output pixel (x, y), in [0, 1]. Under a draw that changes nothing it equals unit_from_byte() of the stored pixel.
/// @param picture  [height, width] of `stored`
/// @param offset   tone_offset() of the picture
FER_HOST_DEVICE inline float augmented_pixel(const std::uint8_t* picture, PictureSize stored, const AugmentDraw& draw,
                                             float offset, std::int32_t x, std::int32_t y) {
  if (is_erased(draw.erased, x, y)) return 0.0F;
  const auto column = static_cast<float>(x), row = static_cast<float>(y);
  const float source_x = draw.xx * column + (draw.xy * row + draw.x0);
  const float source_y = draw.yx * column + (draw.yy * row + draw.y0);
  const float value = bilinear_byte(picture, stored, source_x, source_y) / 255.0F * draw.gain + offset;
  const float positive = value > 0.0F ? value : 0.0F;
  return positive < 1.0F ? positive : 1.0F;
}

/// One pixel of two blended pictures: mixup.
/// @param lambda  share of the first, in [0, 1]
FER_HOST_DEVICE inline float blended(float own, float partner, float lambda) {
  return lambda * own + (1.0F - lambda) * partner;
}

}  // namespace fer
