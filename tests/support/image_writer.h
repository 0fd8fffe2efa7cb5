#pragma once

#include <png.h>

#include <nlohmann/json.hpp>

#include <charconv>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/import/image_file.h"

namespace fer {

/// A picture all of one gray level.
inline GrayImage plain_image(std::int64_t width, std::int64_t height, std::uint8_t level) {
  return {width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height), level)};
}

/// The bytes of a PNG file.
inline std::string to_png(const GrayImage& picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string file(size, '\0');
  const int written =
      png_image_write_to_memory(&image, file.data(), &size, /*convert_to_8_bit=*/0, picture.pixels.data(), 0, nullptr);
  require(written != 0, "libpng cannot write: " + std::string(image.message));
  file.resize(size);
  return file;
}

/// The bytes that a text in hexadecimal stands for.
template <class Bytes>
Bytes from_hex(const std::string& text) {
  Bytes bytes(text.size() / 2, 0);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    unsigned value = 0;
    std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, value, 16);
    bytes[i] = static_cast<typename Bytes::value_type>(value);
  }
  return bytes;
}

/// A list of images.json, which make_image_golden.py describes.
inline nlohmann::json golden_images(const std::string& list) {
  std::ifstream file(FER_GOLDEN_FOLDER "/images.json");
  return nlohmann::json::parse(file).at(list);
}

/// The levels that such an entry holds.
inline GrayImage golden_levels(const nlohmann::json& entry) {
  return {entry.at("width"), entry.at("height"), from_hex<std::vector<std::uint8_t>>(entry.at("gray"))};
}

/// The bytes of the file of that name.
inline std::string golden_file(const std::string& name) {
  for (const auto& entry : golden_images("files"))
    if (entry.at("name") == name) return from_hex<std::string>(entry.at("file"));
  fail("no golden file " + name);
}

}  // namespace fer
