#include "data/import/image_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cstdio>  // jpeglib.h needs it and does not say so
#include <cstdlib>
#include <optional>
#include <random>

#include <jpeglib.h>

#include "support/expect_error.h"
#include "support/image_writer.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

constexpr const char* kName = "some folder/picture";

/// Nothing if the bytes are refused, which must be by an error that names the file.
std::optional<GrayImage> decode_or_refuse(const std::string& bytes) {
  try {
    return decode_image(bytes, kName);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_NE(std::string(error.what()).find(kName), std::string::npos) << error.what();
    return std::nullopt;
  }
}

void expect_refused(const std::string& bytes, std::vector<std::string> parts) {
  parts.push_back(kName);
  expect_error(ExitCode::kBadInput, parts, [&] { decode_image(bytes, kName); });
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift & 0xff));
  return bytes;
}

/// A chunk of a PNG file with its checksum.
std::string png_chunk(const std::string& kind, const std::string& content) {
  const std::string body = kind + content;
  const auto checksum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(content.size())) + body +
         big_endian(static_cast<std::uint32_t>(checksum));
}

constexpr std::size_t kPngHeaderEnd = 8 + 4 + 4 + 13 + 4;  // signature, then IHDR: length, kind, content, checksum

std::string zlib_compress(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string result(size, '\0');
  compress(reinterpret_cast<Bytef*>(result.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size());
  result.resize(size);
  return result;
}

/// A JPEG that is black all over, with its three colours in a scan each.
std::string jpeg_of_three_scans() {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = jpeg.image_height = 16;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  const jpeg_scan_info scans[] = {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
  jpeg.scan_info = scans;
  jpeg.num_scans = 3;
  jpeg_start_compress(&jpeg, TRUE);
  std::vector<std::uint8_t> black(16 * 3);
  for (JSAMPROW row = black.data(); jpeg.next_scanline < jpeg.image_height;) jpeg_write_scanlines(&jpeg, &row, 1);
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  const std::string file(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return file;
}

const std::string kStartOfScan = "\xff\xda";
const std::string kEndOfJpeg = "\xff\xd9";

/// `file` with one bit, byte or stretch of it changed, at random.
std::string damaged(std::string file, std::mt19937& random) {
  const auto position = random() % file.size();
  switch (random() % 3) {
    case 0:
      file[position] = static_cast<char>(file[position] ^ (1 << random() % 8));
      break;
    case 1:
      file[position] = static_cast<char>(random());
      break;
    default:
      file.erase(position, 1 + random() % 20);
  }
  return file;
}

}  // namespace

TEST(ImageFile, PicturesOfAllKindsAreWhatPillowMakesOfThem) {
  for (const auto& entry : golden_images("files")) {
    SCOPED_TRACE(entry.at("name"));
    const auto image = decode_image(from_hex<std::string>(entry.at("file")), kName);
    const auto expected = golden_levels(entry);
    EXPECT_EQ(image.width, expected.width);
    EXPECT_EQ(image.height, expected.height);
    EXPECT_EQ(image.pixels, expected.pixels);
  }
}

TEST(ImageFile, OtherKindsAreRefusedByName) {
  for (const auto& entry : golden_images("refused"))
    expect_refused(from_hex<std::string>(entry.at("file")), {entry.at("words")});
  expect_refused("", {"empty"});
  expect_refused("0,1,2,3\n", {"no picture"});
  expect_refused("RIFF", {"no picture"});  // as WebP begins, but ends ahead of its name
}

TEST(ImageFile, ACutFileIsRefusedUnlessThePictureWasOver) {
  for (const auto& entry : golden_images("files")) {
    const auto file = from_hex<std::string>(entry.at("file"));
    SCOPED_TRACE(entry.at("name"));
    for (std::size_t length = 0; length < file.size(); ++length)
      EXPECT_FALSE(decode_or_refuse(file.substr(0, length)).has_value()) << "cut to " << length << " bytes";
    EXPECT_EQ(decode_or_refuse(file + "a preview, or a film")->pixels, golden_levels(entry).pixels);
  }
}

TEST(ImageFile, ADamagedFileNeverCrashes) {
  std::mt19937 random(1);
  for (const auto& entry : golden_images("files")) {
    const auto file = from_hex<std::string>(entry.at("file"));
    SCOPED_TRACE(entry.at("name"));
    for (int i = 0; i < 500; ++i) {
      const auto image = decode_or_refuse(damaged(file, random));
      // A PNG has checksums: what passes was damaged where it did not matter.
      if (image && file.starts_with("\x89PNG")) {
        EXPECT_EQ(image->pixels, golden_levels(entry).pixels);
      }
    }
  }
}

// The decoder of a thread is used again, after a refusal too.
TEST(ImageFile, ARefusalLeavesNothingBehind) {
  const auto file = golden_file("colour 420 progressive.jpg");
  const auto expected = decode_image(file, kName).pixels;
  expect_refused(file.substr(0, file.size() / 2), {"JPEG"});
  EXPECT_EQ(decode_image(file, kName).pixels, expected);
}

TEST(ImageFile, HugePicturesAreRefusedBeforeMemoryIsTaken) {
  auto jpeg = golden_file("gray.jpg");
  const auto frame = jpeg.find("\xff\xc0");
  jpeg.replace(frame + 5, 4, "\xfd\xe8\xfd\xe8");  // height and width 65000
  expect_refused(jpeg, {"65000x65000", "8192"});

  const auto png = golden_file("gray 8 bit.png");
  const auto header = png.substr(16, 13);
  const auto with_sides = [&](std::uint32_t side) {
    const auto claim = png_chunk("IHDR", big_endian(side) + big_endian(side) + header.substr(8));
    return png.substr(0, 8) + claim + png.substr(kPngHeaderEnd);
  };
  expect_refused(with_sides(60000), {"60000x60000", "8192"});
  expect_refused(with_sides(2000000000), {"IHDR"});  // libpng itself draws a line at a million
}

TEST(ImageFile, CommentsAreNotInflated) {
  const auto entry = golden_images("files").at(0);
  const auto png = to_png(golden_levels(entry));
  const auto comment = png_chunk("zTXt", std::string("Comment\0\0", 9) + zlib_compress(std::string(64 << 20, ' ')));
  const auto bomb = png.substr(0, kPngHeaderEnd) + comment + png.substr(kPngHeaderEnd);
  EXPECT_EQ(decode_image(bomb, kName).pixels, golden_levels(entry).pixels);
}

TEST(ImageFile, EndlessScansAreRefused) {
  const auto jpeg = jpeg_of_three_scans();
  const auto last_scan = jpeg.rfind(kStartOfScan);
  const auto scan = jpeg.substr(last_scan, jpeg.size() - last_scan - kEndOfJpeg.size());
  const auto with_scans = [&](int extra) {
    auto file = jpeg.substr(0, last_scan);
    for (int i = 0; i <= extra; ++i) file += scan;
    return file + kEndOfJpeg;
  };
  EXPECT_EQ(decode_image(with_scans(0), kName).pixels, std::vector<std::uint8_t>(16 * 16, 0));
  EXPECT_EQ(decode_image(with_scans(97), kName).pixels, std::vector<std::uint8_t>(16 * 16, 0));
  expect_refused(with_scans(98), {"100 scans"});
}

TEST(ImageFile, TheBytesTellTheKind) {
  const TemporaryFolder folder;
  const auto entry = golden_images("files").at(0);
  write_text(folder / "in truth a PNG.jpg", to_png(golden_levels(entry)));
  EXPECT_EQ(read_image(folder / "in truth a PNG.jpg").pixels, golden_levels(entry).pixels);
  write_text(folder / "in truth a JPEG.png", from_hex<std::string>(entry.at("file")));
  EXPECT_EQ(read_image(folder / "in truth a JPEG.png").pixels, golden_levels(entry).pixels);
}

TEST(ImageFile, WhatCannotBeReadIsNamed) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& name, const std::string& words) {
    expect_error(ExitCode::kBadInput, {(folder / name).string(), words}, [&] { read_image(folder / name); });
  };
  refused("missing.jpg", "No such file");
  std::filesystem::create_directory(folder / "folder.jpg");
  refused("folder.jpg", "no plain file");
  ASSERT_EQ(::mkfifo((folder / "pipe.jpg").c_str(), 0600), 0);
  refused("pipe.jpg", "no plain file");
  write_text(folder / "empty.jpg", "");
  refused("empty.jpg", "empty");
  write_text(folder / "large.jpg", "");
  std::filesystem::resize_file(folder / "large.jpg", (64 << 20) + 1);
  refused("large.jpg", "67108865 bytes");
}

}  // namespace fer
