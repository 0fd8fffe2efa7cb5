#include "artifacts/safetensors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstring>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "kernels/philox.h"
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

TEST(Safetensors, MetadataMayHoldWhatTheDigestIsWrittenOver) {
  const TemporaryFolder folder;
  const auto zeros = Digest{}.text();
  const std::map<std::string, std::string> metadata = {
      {"a", zeros}, {"b,\"digest", zeros}, {"c", fmt::format(R"({{"x":1,"digest":"{}"}})", zeros)}, {"z", zeros}};
  write_safetensors(folder / "f", {{}, metadata});
  const auto read = read_safetensors(folder / "f");
  EXPECT_TRUE(read.verified);
  EXPECT_EQ(read.metadata, metadata);
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
  refused(std::string(100'000, '['), 0);
  refused(R"({"t":{"dtype":"F32","shape":[0,4611686018427387904,4611686018427387904],"data_offsets":[0,0]}})", 0);
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

TEST(Safetensors, AHeaderLongerThanTheFileIsRefusedBeforeMemoryIsTaken) {
  const TemporaryFolder folder;
  for (const std::uint64_t size : {std::uint64_t{1} << 20, std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
    write_text(folder / "f", std::string(reinterpret_cast<const char*>(&size), sizeof(size)) + "{}");
    expect_error(ExitCode::kBadInput, {"ends inside its header"}, [&] { read_safetensors(folder / "f"); });
  }
}

// Files of others have no digest: what is changed in them is either refused with exit code 65, or still a whole file
// whose tensors have the bytes that it has.
TEST(Safetensors, TwoThousandMutationsAreReadWholeOrRefused) {
  const TemporaryFolder folder;
  const std::string header = R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                             R"("b":{"dtype":"I64","shape":[2],"data_offsets":[24,40]}})";
  write_raw(folder / "f", header, 40);
  const auto text = read_file(folder / "f");
  PhiloxStream random(/*seed=*/1, /*stream=*/0x46555A5A, /*item=*/0);
  const auto draw = [&](std::size_t below) { return static_cast<std::size_t>(random.bits()) % below; };
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    auto changed = text;
    const auto place = draw(text.size());
    switch (draw(5)) {
      case 0:
        changed[place] = static_cast<char>(draw(256));
        break;
      case 1:
        changed.erase(place, 1 + draw(8));
        break;
      case 2:
        changed.insert(place, std::string(1 + draw(8), static_cast<char>(draw(256))));
        break;
      case 3:
        changed.resize(place);
        break;
      default:
        changed += changed.substr(place);
        break;
    }
    write_text(folder / "f", changed);
    try {
      std::size_t bytes = 0;
      for (const auto& [name, tensor] : read_safetensors(folder / "f").tensors) bytes += tensor.nbytes();
      std::uint64_t header_size = 0;
      std::memcpy(&header_size, changed.data(), sizeof(header_size));
      EXPECT_EQ(sizeof(header_size) + header_size + bytes, changed.size());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kBadInput) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace fer
