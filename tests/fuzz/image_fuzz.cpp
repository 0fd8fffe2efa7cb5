// Decodes JPEG and PNG files, and stretches what is in them.
#include <zlib.h>

#include "data/import/image_file.h"
#include "data/import/resize.h"
#include "fuzz/fuzzing.h"

namespace {

using namespace fer;

constexpr std::int64_t kMostStretched = 1 << 16;  // pixels
constexpr std::int64_t kSide = 48;

std::uint32_t big_endian(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

/// The PNG file whose chunks have the checksums of what is in them: hardly a change of a chunk gets past its checksum.
std::string with_checksums(std::string png) {
  constexpr std::size_t kSignature = 8, kNumber = 4, kChunkFrame = 12;
  auto* const bytes = reinterpret_cast<unsigned char*>(png.data());
  for (std::size_t chunk = kSignature; chunk + kChunkFrame <= png.size();) {
    const std::size_t length = big_endian(bytes + chunk);
    if (length > png.size() - chunk - kChunkFrame) break;
    const auto checked = static_cast<uInt>(kNumber + length);
    const auto checksum = ::crc32(0, bytes + chunk + kNumber, checked);
    for (int i = 0; i < 4; ++i)
      bytes[chunk + kNumber + checked + static_cast<std::size_t>(i)] =
          static_cast<unsigned char>(checksum >> (24 - 8 * i));
    chunk += kChunkFrame + length;
  }
  return png;
}

void decode(const std::string& file) {
  GrayImage picture;
  if (!is_read([&] { picture = decode_image(file, "picture"); })) return;
  const auto pixels = picture.width * picture.height;
  require(pixels > 0 && static_cast<std::int64_t>(picture.pixels.size()) == pixels, "another size");
  if (pixels > kMostStretched) return;
  require(resize_gray(picture, kSide, kSide).pixels.size() == std::size_t{kSide * kSide}, "another size");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = text_of(data, size);
  decode(file);
  if (file.starts_with("\x89PNG")) decode(with_checksums(file));
  return 0;
}
