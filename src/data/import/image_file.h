#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace fer {

/// The longest side of a picture that is decoded: a few bytes of a file can claim a picture that fills the memory.
inline constexpr std::int64_t kLongestImageSide = 8192;

/// Whether a file's name ends as pictures' do, also those of kinds that are not read: they are to be named, not passed
/// over.
bool ends_like_a_picture(std::string_view name);
/// Whether it ends as those do that are read.
bool ends_like_a_read_picture(std::string_view name);

struct GrayImage {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::uint8_t> pixels;  // height x width, row by row
};

/// Decodes a JPEG or PNG file into gray levels from 0 to 255. Colours become gray as by Pillow's `convert("L")`; alpha
/// is dropped, and neither gamma, colour profile nor EXIF orientation is applied. Of 16 bits the upper 8 are kept, of
/// 16-bit gray too, where Pillow takes every level above 255 for white.
///
/// The bytes tell the kind, not the name: crawled pictures often bear the other kind's extension, and both decoders are
/// too strict to take one for the other. A picture is read whole or refused: what libjpeg merely warns of is an error
/// here, and so is a wrong checksum anywhere in a PNG. Bytes behind the end of the picture are no part of it and are
/// ignored: phones append previews there.
///
/// May be called by several threads at once.
/// @param bytes  the whole file.
/// @param path  names the file in errors.
/// @throws Error (kBadInput) naming the file if it is empty, truncated, damaged, of another kind, in CMYK, or has a
/// side
///         above kLongestImageSide; the latter before memory for pixels is taken.
GrayImage decode_image(std::string_view bytes, const std::filesystem::path& path);

/// Reads and decodes a file of at most 64 MB.
/// @throws Error (kBadInput) as decode_image(), and if the file cannot be read or is no plain file.
GrayImage read_image(const std::filesystem::path& path);

}  // namespace fer
