#include "artifacts/safetensors.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/atomic_file.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

SafetensorsFile small_file() {
  return {{{"a", torch::arange(6, torch::kFloat32).view({2, 3})},
           {"b.weight", torch::ones({2, 1, 3, 3})},
           {"empty", torch::zeros({0, 4}, torch::kInt64)},
           {"scalar", torch::tensor(7, torch::kInt64)}},
          {{"who", "a test"}}};
}

/// A file whose header is `header` and whose data are `bytes` zeros.
void write_raw(const std::filesystem::path& path, const std::string& header, std::size_t bytes) {
  const std::uint64_t size = header.size();
  std::string text(reinterpret_cast<const char*>(&size), sizeof(size));
  write_text(path, text + header + std::string(bytes, '\0'));
}

}  // namespace

TEST(Safetensors, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  write_safetensors(folder / "f", small_file());
  const auto read = read_safetensors(folder / "f");
  EXPECT_EQ(read.metadata, small_file().metadata);
  ASSERT_EQ(read.tensors.size(), 4U);
  for (const auto& [name, tensor] : small_file().tensors) EXPECT_TRUE(torch::equal(read.tensors.at(name), tensor));
}

TEST(Safetensors, LayoutInMemoryDoesNotMatter) {
  const TemporaryFolder folder;
  const auto tensor = torch::rand({2, 3, 4, 5});
  write_safetensors(folder / "f", {{{"t", tensor.contiguous(at::MemoryFormat::ChannelsLast)}}, {}});
  EXPECT_TRUE(torch::equal(read_safetensors(folder / "f").tensors.at("t"), tensor));
}

TEST(Safetensors, AnyCutOrChangeIsNoticed) {
  const TemporaryFolder folder;
  write_safetensors(folder / "f", small_file());
  const auto text = read_file(folder / "f");
  for (std::size_t length = 0; length < text.size(); ++length) {
    write_text(folder / "f", text.substr(0, length));
    expect_error(ExitCode::kBadInput, {}, [&] { read_safetensors(folder / "f"); });
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write_text(folder / "f", changed);
    // A change may turn the digest's own name into another: then the file is readable, but not called verified.
    expect_error(ExitCode::kBadInput, {},
                 [&] { require(read_safetensors(folder / "f").verified, ExitCode::kBadInput, "not verified"); });
  }
}

TEST(Safetensors, HostileHeadersAreRefused) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& header, std::size_t bytes) {
    write_raw(folder / "f", header, bytes);
    expect_error(ExitCode::kBadInput, {"safetensors"}, [&] { read_safetensors(folder / "f"); });
  };
  refused("[]", 0);
  refused("{", 0);
  refused(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", 4);                      // outside the file
  refused(R"({"t":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8);                      // shape and size differ
  refused(R"({"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4);                     // negative
  refused(R"({"t":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}})", 4);  // would overflow
  refused(R"({"t":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}})", 4);                      // unknown type
  refused(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8);                      // bytes of no tensor
  refused(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8);                      // a gap
  refused(R"({"t":{"dtype":"F32","shape":[1]}})", 4);                                           // no offsets
  refused(
      R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
      6);
}

}  // namespace fer
