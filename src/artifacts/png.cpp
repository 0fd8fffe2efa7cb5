#include "artifacts/png.h"

#include <png.h>

#include "base/error.h"

namespace fer {
namespace {

std::string encode_png(std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width,
                       png_uint_32 format) {
  require(height > 0 && width > 0 &&
              pixels.size() == static_cast<std::size_t>(height * width) * PNG_IMAGE_SAMPLE_CHANNELS(format),
          "a picture has another number of pixels than its size says");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = format;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string file(size, '\0');
  const int written =
      png_image_write_to_memory(&image, file.data(), &size, /*convert_to_8_bit=*/0, pixels.data(), 0, nullptr);
  require(written != 0, "libpng cannot write: " + std::string(image.message));
  file.resize(size);
  return file;
}

}  // namespace

std::string encode_png_gray(std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width) {
  return encode_png(pixels, height, width, PNG_FORMAT_GRAY);
}

std::string encode_png_rgb(std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width) {
  return encode_png(pixels, height, width, PNG_FORMAT_RGB);
}

}  // namespace fer
