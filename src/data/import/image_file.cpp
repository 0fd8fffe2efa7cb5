#include "data/import/image_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <png.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>  // jpeglib.h needs it and does not say so
#include <cstring>

#include <jpeglib.h>

#include "base/error.h"
#include "base/text.h"

namespace fer {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

constexpr std::int64_t kLargestFile = 64 << 20;
constexpr std::array kReadEndings = {"jpg"sv, "jpeg"sv, "png"sv};
constexpr std::array kOtherEndings = {"gif"sv, "bmp"sv, "webp"sv, "tif"sv, "tiff"sv, "heic"sv, "avif"sv};

// A real progressive JPEG has about ten scans. Each costs the time of a whole picture and may take but a few bytes.
constexpr int kMostScans = 100;

/// What follows the last dot of a file's name, in small letters.
std::string ending_of(std::string_view name) {
  const auto dot = name.find_last_of('.');
  return dot == std::string_view::npos ? "" : lower_case(name.substr(dot + 1));
}

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
  fail(ExitCode::kBadInput, fmt::format("'{}': {}.", path.string(), what));
}

void check_sides(std::int64_t width, std::int64_t height, const fs::path& path) {
  if (std::max(width, height) > kLongestImageSide)
    refuse(path, fmt::format("it claims to have {}x{} pixels, but at most {} on a side are read", width, height,
                             kLongestImageSide));
}

/// Gray level of a colour: the luma of ITU-R 601 in 16-bit fixed point, with the constants of Pillow's `convert("L")`.
std::uint8_t luma(unsigned red, unsigned green, unsigned blue) {
  return static_cast<std::uint8_t>((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}

/// @param rgb  3 x pixels.size() levels.
void colours_to_gray(const std::uint8_t* rgb, std::uint8_t* gray, std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; ++i) gray[i] = luma(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]);
}

GrayImage empty_image(std::int64_t width, std::int64_t height) {
  return {width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height))};
}

/// Where libjpeg and libpng jump to when they give up, and what they say then. A jump runs no destructors, so nothing
/// that a call of theirs may leave owns anything: see attempt().
struct Escape {
  jmp_buf target;
  std::array<char, 256> message{};  // libjpeg's own limit is 200
};

/// Calls `step`, which calls the library. False if the library gave up. `step` must be free of objects with
/// destructors, and what it changes must lie outside of it.
template <class Step>
bool attempt(Escape& escape, const Step& step) {
  if (setjmp(escape.target) != 0) return false;
  step();
  return true;
}

/// A decompressor of libjpeg, which may be used for one picture after the other: making one takes as long as decoding a
/// small picture.
class JpegDecoder {
 public:
  JpegDecoder();
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;
  ~JpegDecoder() { jpeg_destroy_decompress(&jpeg_); }

  GrayImage decode(std::string_view bytes, const fs::path& path);

 private:
  struct ErrorManager : jpeg_error_mgr {
    Escape escape;
  };

  [[noreturn]] static void give_up(j_common_ptr jpeg);
  static void give_up_on_warning(j_common_ptr jpeg, int level);
  static void limit_scans(j_common_ptr jpeg);

  void read_header(std::string_view bytes);
  void check_colours(const fs::path& path) const;
  void read_rows(std::uint8_t* pixels);

  jpeg_decompress_struct jpeg_{};
  ErrorManager errors_{};
  jpeg_progress_mgr progress_{};
  std::vector<std::uint8_t> colour_row_;
};

JpegDecoder::JpegDecoder() {
  jpeg_.err = jpeg_std_error(&errors_);
  errors_.error_exit = give_up;
  errors_.emit_message = give_up_on_warning;
  require(attempt(errors_.escape, [&] { jpeg_create_decompress(&jpeg_); }), "libjpeg does not start");
  progress_.progress_monitor = limit_scans;
  jpeg_.progress = &progress_;
}

void JpegDecoder::give_up(j_common_ptr jpeg) {
  auto& escape = static_cast<ErrorManager*>(jpeg->err)->escape;
  jpeg->err->format_message(jpeg, escape.message.data());
  longjmp(escape.target, 1);
}

// With a warning, libjpeg makes up what is missing: the rest of a truncated picture is gray.
void JpegDecoder::give_up_on_warning(j_common_ptr jpeg, int level) {
  constexpr int kWarning = -1;  // above: traces
  if (level == kWarning) give_up(jpeg);
}

void JpegDecoder::limit_scans(j_common_ptr jpeg) {
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= kMostScans) return;
  auto& escape = static_cast<ErrorManager*>(jpeg->err)->escape;
  std::snprintf(escape.message.data(), escape.message.size(), "it has more than %d scans", kMostScans);
  longjmp(escape.target, 1);
}

void JpegDecoder::read_header(std::string_view bytes) {
  jpeg_abort_decompress(&jpeg_);  // what a picture that was refused has left
  jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg_, TRUE);
}

void JpegDecoder::check_colours(const fs::path& path) const {
  switch (jpeg_.jpeg_color_space) {
    case JCS_GRAYSCALE:
    case JCS_RGB:
    case JCS_YCbCr:
      return;
    case JCS_CMYK:
    case JCS_YCCK:
      refuse(path, "a JPEG in CMYK, the colours of print: save it in RGB or gray");
    default:
      refuse(path, "a JPEG in unknown colours: save it in RGB or gray");
  }
}

// Every row, then everything up to the end marker, since damage may show only there.
void JpegDecoder::read_rows(std::uint8_t* pixels) {
  const bool gray = jpeg_.out_color_space == JCS_GRAYSCALE;
  jpeg_start_decompress(&jpeg_);
  while (jpeg_.output_scanline < jpeg_.output_height) {
    std::uint8_t* const pixel_row = pixels + std::size_t{jpeg_.output_scanline} * jpeg_.output_width;
    JSAMPROW row = gray ? pixel_row : colour_row_.data();
    jpeg_read_scanlines(&jpeg_, &row, 1);
    if (!gray) colours_to_gray(row, pixel_row, jpeg_.output_width);
  }
  jpeg_finish_decompress(&jpeg_);
}

GrayImage JpegDecoder::decode(std::string_view bytes, const fs::path& path) {
  const auto refuse_damaged = [&] {
    refuse(path, fmt::format("a truncated or damaged JPEG: {}", errors_.escape.message.data()));
  };
  if (!attempt(errors_.escape, [&] { read_header(bytes); })) refuse_damaged();
  check_sides(jpeg_.image_width, jpeg_.image_height, path);
  check_colours(path);
  jpeg_.out_color_space = jpeg_.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  if (jpeg_.out_color_space == JCS_RGB) colour_row_.resize(std::size_t{3} * jpeg_.image_width);
  auto image = empty_image(jpeg_.image_width, jpeg_.image_height);
  std::uint8_t* const pixels = image.pixels.data();
  if (!attempt(errors_.escape, [&] { read_rows(pixels); })) refuse_damaged();
  return image;
}

/// One picture's worth of libpng, which cannot be used again.
class PngDecoder {
 public:
  explicit PngDecoder(std::string_view bytes);
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }

  GrayImage decode(const fs::path& path);

 private:
  [[noreturn]] static void give_up(png_structp png, png_const_charp message);
  static void ignore_warning(png_structp, png_const_charp) {}
  static void copy_bytes(png_structp png, png_bytep to, std::size_t size);

  void read_header();
  void choose_layout();
  void read_rows(std::uint8_t* rows, std::size_t row_bytes);
  void look_up_gray(std::vector<std::uint8_t>& pixels, const fs::path& path) const;

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::string_view bytes_left_;
  Escape escape_;
};

PngDecoder::PngDecoder(std::string_view bytes) : bytes_left_(bytes) {
  png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &escape_, give_up, ignore_warning);
  info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
  if (info_ == nullptr) png_destroy_read_struct(&png_, nullptr, nullptr);
  require(info_ != nullptr, "libpng does not start");
}

void PngDecoder::give_up(png_structp png, png_const_charp message) {
  auto& escape = *static_cast<Escape*>(png_get_error_ptr(png));
  std::snprintf(escape.message.data(), escape.message.size(), "%s", message);
  longjmp(escape.target, 1);
}

void PngDecoder::copy_bytes(png_structp png, png_bytep to, std::size_t size) {
  auto& bytes_left = *static_cast<std::string_view*>(png_get_io_ptr(png));
  if (size > bytes_left.size()) png_error(png, "the file ends too early");
  std::memcpy(to, bytes_left.data(), size);
  bytes_left.remove_prefix(size);
}

void PngDecoder::read_header() {
  // Comments, profiles and the like are skipped unread: a few kilobytes of them can inflate to gigabytes. Only their
  // checksums count.
  png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, /*all known and unknown ones=*/-1);
  png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_benign_errors(png_, /*allowed=*/0);
  png_set_read_fn(png_, &bytes_left_, copy_bytes);
  png_read_info(png_, info_);
}

/// One byte per gray level or palette index, three per colour.
void PngDecoder::choose_layout() {
  const auto type = png_get_color_type(png_, info_);
  if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png_);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_packing(png_);
  png_set_strip_16(png_);
  png_set_strip_alpha(png_);
}

void PngDecoder::read_rows(std::uint8_t* rows, std::size_t row_bytes) {
  const auto height = png_get_image_height(png_, info_);
  const int passes = png_set_interlace_handling(png_);
  png_start_read_image(png_);
  for (int pass = 0; pass < passes; ++pass)
    for (png_uint_32 y = 0; y < height; ++y) png_read_row(png_, rows + y * row_bytes, nullptr);
  png_read_end(png_, nullptr);
}

/// Replaces palette indices by the gray levels of their colours.
void PngDecoder::look_up_gray(std::vector<std::uint8_t>& pixels, const fs::path& path) const {
  png_colorp colours = nullptr;
  int count = 0;
  png_get_PLTE(png_, info_, &colours, &count);
  std::array<std::uint8_t, 256> grays{};
  for (int i = 0; i < count; ++i)
    grays[static_cast<std::size_t>(i)] = luma(colours[i].red, colours[i].green, colours[i].blue);
  for (auto& pixel : pixels) {
    if (pixel >= count) refuse(path, fmt::format("a PNG with colour {} of a palette of {}", pixel, count));
    pixel = grays[pixel];
  }
}

GrayImage PngDecoder::decode(const fs::path& path) {
  const auto refuse_damaged = [&] {
    refuse(path, fmt::format("a truncated or damaged PNG: {}", escape_.message.data()));
  };
  if (!attempt(escape_, [&] { read_header(); })) refuse_damaged();
  const std::int64_t width = png_get_image_width(png_, info_);
  const std::int64_t height = png_get_image_height(png_, info_);
  check_sides(width, height, path);
  if (!attempt(escape_, [&] { choose_layout(); })) refuse_damaged();

  const auto type = png_get_color_type(png_, info_);
  const bool colours = type == PNG_COLOR_TYPE_RGB || type == PNG_COLOR_TYPE_RGB_ALPHA;
  const auto row_bytes = static_cast<std::size_t>(colours ? 3 * width : width);
  std::vector<std::uint8_t> rows(static_cast<std::size_t>(height) * row_bytes);
  std::uint8_t* const first_row = rows.data();
  if (!attempt(escape_, [&] { read_rows(first_row, row_bytes); })) refuse_damaged();

  if (type == PNG_COLOR_TYPE_PALETTE) look_up_gray(rows, path);
  if (!colours) return {width, height, std::move(rows)};
  auto image = empty_image(width, height);
  colours_to_gray(rows.data(), image.pixels.data(), image.pixels.size());
  return image;
}

constexpr auto kJpegStart = "\xff\xd8\xff"sv;
constexpr auto kPngStart = "\x89PNG\r\n\x1a\n"sv;

/// What a file that is neither JPEG nor PNG seems to be.
std::string other_kind(std::string_view bytes) {
  struct Kind {
    std::string_view start;
    const char* name;
  };
  static constexpr Kind kKinds[] = {{"GIF8", "GIF"}, {"BM", "BMP"}, {"II*\0"sv, "TIFF"}, {"MM\0*"sv, "TIFF"}};
  for (const auto& [start, name] : kKinds)
    if (bytes.starts_with(start)) return fmt::format("a {} file", name);
  if (bytes.starts_with("RIFF") && bytes.substr(std::min<std::size_t>(bytes.size(), 8)).starts_with("WEBP"))
    return "a WebP file";
  const auto brand = bytes.substr(std::min<std::size_t>(bytes.size(), 4));  // of ISO's container
  if (brand.starts_with("ftypavif")) return "an AVIF file";
  if (brand.starts_with("ftyphei") || brand.starts_with("ftypmif1")) return "a HEIC file";
  return "no picture, by its first bytes";
}

std::string read_bytes(int descriptor, std::size_t size, const fs::path& path) {
  std::string bytes(size, '\0');
  std::size_t read = 0;
  while (read < size) {
    const ssize_t count = ::read(descriptor, bytes.data() + read, size - read);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(path, fmt::format("it cannot be read: {}", std::strerror(errno)));
    if (count == 0) refuse(path, "it became shorter while it was read");
    read += static_cast<std::size_t>(count);
  }
  return bytes;
}

/// Closes a file descriptor when it goes out of scope.
struct OpenFile {
  int descriptor;
  ~OpenFile() { ::close(descriptor); }
};

}  // namespace

bool ends_like_a_picture(std::string_view name) {
  return ends_like_a_read_picture(name) || std::ranges::find(kOtherEndings, ending_of(name)) != kOtherEndings.end();
}

bool ends_like_a_read_picture(std::string_view name) {
  return std::ranges::find(kReadEndings, ending_of(name)) != kReadEndings.end();
}

GrayImage decode_image(std::string_view bytes, const fs::path& path) {
  thread_local JpegDecoder jpeg_decoder;
  if (bytes.starts_with(kJpegStart)) return jpeg_decoder.decode(bytes, path);
  if (bytes.starts_with(kPngStart)) return PngDecoder(bytes).decode(path);
  if (bytes.empty()) refuse(path, "an empty file");
  refuse(path, fmt::format("{}: only JPEG and PNG are read", other_kind(bytes)));
}

GrayImage read_image(const fs::path& path) {
  // Not to block is for pipes, which may lie under any name; plain files know no difference.
  const OpenFile file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (file.descriptor < 0) refuse(path, fmt::format("it cannot be opened: {}", std::strerror(errno)));
  struct stat status {};
  if (::fstat(file.descriptor, &status) != 0 || !S_ISREG(status.st_mode)) refuse(path, "no plain file");
  if (status.st_size > kLargestFile)
    refuse(path, fmt::format("it has {} bytes, but at most {} are read", status.st_size, kLargestFile));
  return decode_image(read_bytes(file.descriptor, static_cast<std::size_t>(status.st_size), path), path);
}

}  // namespace fer
