#include "artifacts/explanation_sheet.h"

#include <algorithm>

#include "artifacts/overlay.h"
#include "artifacts/png.h"
#include "base/error.h"

namespace fer {
namespace {

constexpr std::size_t kLongerSide = 144;  // of an enlarged picture, about
constexpr std::size_t kGap = 4;           // between pictures
constexpr std::size_t kColumns = 3;
constexpr std::uint8_t kPaper = 255;

/// Rows and columns of equally large pictures.
class Sheet {
 public:
  Sheet(std::size_t rows, std::size_t height, std::size_t width)
      : height_(height),
        width_(width),
        zoom_(std::max<std::size_t>(kLongerSide / std::max(height, width), 1)),
        sheet_height_(rows * (zoom_ * height + kGap) - kGap),
        sheet_width_(kColumns * (zoom_ * width + kGap) - kGap),
        levels_(3 * sheet_height_ * sheet_width_, kPaper) {}

  void paste(const RgbPicture& picture, std::size_t row, std::size_t column) {
    const auto top = row * (zoom_ * height_ + kGap), left = column * (zoom_ * width_ + kGap);
    for (std::size_t y = 0; y < zoom_ * height_; ++y) {
      for (std::size_t x = 0; x < zoom_ * width_; ++x) {
        const auto* pixel = picture.data() + 3 * (y / zoom_ * width_ + x / zoom_);
        std::copy_n(pixel, 3, levels_.data() + 3 * ((top + y) * sheet_width_ + left + x));
      }
    }
  }

  std::string png() const {
    return encode_png_rgb(levels_, static_cast<std::int64_t>(sheet_height_), static_cast<std::int64_t>(sheet_width_));
  }

 private:
  std::size_t height_, width_, zoom_;
  std::size_t sheet_height_, sheet_width_;
  RgbPicture levels_;
};

}  // namespace

std::string explanation_sheet(const std::vector<ExplainedPicture>& pictures, std::int64_t height, std::int64_t width) {
  require(!pictures.empty(), "a sheet of explanations needs a picture");
  Sheet sheet(pictures.size(), static_cast<std::size_t>(height), static_cast<std::size_t>(width));
  for (std::size_t row = 0; row < pictures.size(); ++row) {
    const auto& [pixels, grad_cam, gradient] = pictures[row];
    require(pixels.size() == static_cast<std::size_t>(height * width),
            "a picture to be explained has another size than its sheet says");
    const std::vector<float> nothing(pixels.size());
    sheet.paste(overlay(pixels, nothing), row, 0);
    sheet.paste(overlay(pixels, grad_cam), row, 1);
    sheet.paste(overlay(pixels, gradient), row, 2);
  }
  return sheet.png();
}

}  // namespace fer
