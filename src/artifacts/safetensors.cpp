#include "artifacts/safetensors.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/error.h"

namespace fer {
namespace {

using nlohmann::json;

constexpr std::size_t kLengthBytes = 8;  // the header's length comes first, as a 64-bit number
constexpr const char* kDigestKey = "digest";
const std::string kZeroDigest = Digest{}.text();

const std::map<torch::ScalarType, std::string>& type_names() {
  static const std::map<torch::ScalarType, std::string> names = {
      {torch::kFloat64, "F64"}, {torch::kFloat32, "F32"}, {torch::kBFloat16, "BF16"}, {torch::kFloat16, "F16"},
      {torch::kInt64, "I64"},   {torch::kInt32, "I32"},   {torch::kUInt8, "U8"},      {torch::kBool, "BOOL"}};
  return names;
}

/// Where in a header its digest stands; npos if it does not. Other texts of the metadata may hold the same letters, but
/// within them a backslash comes ahead of each quote.
std::size_t place_of_digest(std::string_view header, const std::string& digest) {
  for (const char before : {'{', ','}) {
    const auto key = fmt::format("{}\"{}\":\"", before, kDigestKey);
    if (const auto place = header.find(key + digest); place != std::string_view::npos) return place + key.size();
  }
  return std::string_view::npos;
}

struct Layout {
  std::string header;
  std::vector<torch::Tensor> tensors;  // in file order, contiguous, on the host
};

Layout lay_out(const SafetensorsFile& content) {
  json header;
  header["__metadata__"] = content.metadata;
  header["__metadata__"][kDigestKey] = kZeroDigest;
  Layout layout;
  std::size_t offset = 0;
  for (const auto& [name, tensor] : content.tensors) {
    layout.tensors.push_back(tensor.detach().to(torch::kCPU).contiguous());
    const auto end = offset + layout.tensors.back().nbytes();
    header[name] = {{"dtype", type_names().at(tensor.scalar_type())},
                    {"shape", std::vector<std::int64_t>(tensor.sizes().begin(), tensor.sizes().end())},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  layout.header = header.dump();
  layout.header.resize((layout.header.size() + 7) / 8 * 8, ' ');  // tensors start on a multiple of eight bytes
  return layout;
}

Digest digest_of_layout(const Layout& layout, std::uint64_t header_size) {
  StreamingDigest digest;
  digest.add(&header_size, kLengthBytes);
  digest.add(layout.header.data(), layout.header.size());
  for (const auto& tensor : layout.tensors) digest.add(tensor.const_data_ptr(), tensor.nbytes());
  return digest.value();
}

/// A file in memory, and the name under which to complain about it.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path), bytes_(read_file(path)) {}

  SafetensorsFile read() {
    const json header = parse_header();
    SafetensorsFile content;
    if (header.contains("__metadata__"))
      content.metadata = header["__metadata__"].get<std::map<std::string, std::string>>();
    content.verified = check_digest(content.metadata);
    read_tensors(header, content);
    return content;
  }

 private:
  void must(bool condition, const std::string& what) const {
    require(condition, ExitCode::kBadInput,
            fmt::format("'{}' is no valid safetensors file: {}.", path_.string(), what));
  }

  json parse_header() {
    std::uint64_t header_size = 0;
    must(bytes_.size() >= kLengthBytes, "it is shorter than its first number");
    std::memcpy(&header_size, bytes_.data(), kLengthBytes);
    must(header_size <= bytes_.size() - kLengthBytes, "it ends inside its header");
    data_start_ = kLengthBytes + static_cast<std::size_t>(header_size);
    const auto header = json::parse(bytes_.begin() + kLengthBytes,
                                    bytes_.begin() + static_cast<std::ptrdiff_t>(data_start_), nullptr, false);
    must(header.is_object(), "its header is no JSON object");
    return header;
  }

  bool check_digest(std::map<std::string, std::string>& metadata) {
    const auto stated = metadata.find(kDigestKey);
    if (stated == metadata.end()) return false;
    must(stated->second.size() == kZeroDigest.size(), "its digest has another length");
    const auto position = place_of_digest(std::string_view(bytes_).substr(0, data_start_), stated->second);
    must(position != std::string::npos, "its digest cannot be found");
    bytes_.replace(position, kZeroDigest.size(), kZeroDigest);
    must(digest_of(bytes_).text() == stated->second, "it was cut or changed after it was written (digest)");
    metadata.erase(stated);
    return true;
  }

  void read_tensors(const json& header, SafetensorsFile& content) const {
    std::map<std::size_t, std::size_t> ranges;  // begin to end, to find gaps and overlaps
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") continue;
      const auto begin = entry.at("data_offsets").at(0).get<std::size_t>();
      const auto end = entry.at("data_offsets").at(1).get<std::size_t>();
      content.tensors[name] = read_tensor(name, entry, begin, end);
      if (end > begin) must(ranges.emplace(begin, end).second, fmt::format("tensor '{}' overlaps another", name));
    }
    std::size_t position = 0;
    for (const auto& [begin, end] : ranges) {
      must(begin == position, "its tensors overlap or leave gaps");
      position = end;
    }
    must(position == bytes_.size() - data_start_, "it has bytes that belong to no tensor");
  }

  torch::Tensor read_tensor(const std::string& name, const json& entry, std::size_t begin, std::size_t end) const {
    const auto type = scalar_type(name, entry.at("dtype").get<std::string>());
    const auto shape = entry.at("shape").get<std::vector<std::int64_t>>();
    must(begin <= end && end <= bytes_.size() - data_start_, fmt::format("tensor '{}' lies outside the file", name));
    std::size_t room = (end - begin) / c10::elementSize(type);
    for (const auto extent : shape) {
      must(extent >= 0, fmt::format("tensor '{}' has a negative extent", name));
      // Bounded by the file's own size, so a hostile shape can neither overflow nor ask for memory.
      if (extent > 0) room /= static_cast<std::size_t>(extent);
    }
    const bool empty = std::ranges::find(shape, 0) != shape.end();
    must(empty ? begin == end : room >= 1, fmt::format("tensor '{}' has another size than its shape", name));
    auto tensor = torch::empty(shape, type);
    must(tensor.nbytes() == end - begin, fmt::format("tensor '{}' has another size than its shape", name));
    if (end > begin) std::memcpy(tensor.mutable_data_ptr(), bytes_.data() + data_start_ + begin, end - begin);
    return tensor;
  }

  torch::ScalarType scalar_type(const std::string& tensor, const std::string& name) const {
    for (const auto& [type, type_name] : type_names())
      if (type_name == name) return type;
    must(false, fmt::format("tensor '{}' has the unknown type '{}'", tensor, name));
    return torch::kFloat32;
  }

  std::filesystem::path path_;
  std::string bytes_;
  std::size_t data_start_ = 0;
};

}  // namespace

void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& content) {
  Layout layout = lay_out(content);
  const std::uint64_t header_size = layout.header.size();
  const auto digest = digest_of_layout(layout, header_size).text();
  layout.header.replace(place_of_digest(layout.header, kZeroDigest), kZeroDigest.size(), digest);
  auto size = kLengthBytes + header_size;
  for (const auto& tensor : layout.tensors) size += tensor.nbytes();
  AtomicFile file(path, size);
  file.write(&header_size, kLengthBytes);
  file.write(layout.header);
  for (const auto& tensor : layout.tensors) file.write(tensor.const_data_ptr(), tensor.nbytes());
  file.commit();
}

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  try {
    return Reader(path).read();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // of the JSON reader, or of a tensor whose shape no tensor can have
    fail(ExitCode::kBadInput, fmt::format("'{}' is no valid safetensors file: {}.", path.string(), error.what()));
  }
}

}  // namespace fer
