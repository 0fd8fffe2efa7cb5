#pragma once

#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace fer {

/// A 128-bit checksum against accidents (not against forgers): XXH3.
struct Digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  bool operator==(const Digest&) const = default;
  /// "xxh3:" and 32 hexadecimal digits.
  std::string text() const;
};

Digest digest_of(const void* bytes, std::size_t size);
inline Digest digest_of(std::string_view text) {
  return digest_of(text.data(), text.size());
}

/// Digest of a file's bytes, read in pieces. @throws Error (kBadInput) naming the path.
Digest digest_of_file(const std::filesystem::path& path);

/// A digest of bytes that arrive in pieces.
class StreamingDigest {
 public:
  StreamingDigest();
  StreamingDigest(const StreamingDigest&) = delete;
  StreamingDigest& operator=(const StreamingDigest&) = delete;
  ~StreamingDigest();
  void add(const void* bytes, std::size_t size);
  Digest value() const;

 private:
  XXH3_state_t* state_;
};

/// A digest of a bag of things, whatever their order: the sum of their digests.
class UnorderedDigest {
 public:
  void add(const Digest& digest) {
    high_ += digest.high;
    low_ += digest.low;
  }
  void add(const UnorderedDigest& other) {
    high_ += other.high_;
    low_ += other.low_;
  }
  Digest value() const { return {high_, low_}; }

 private:
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

}  // namespace fer
