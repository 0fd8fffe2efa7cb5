#include "base/digest.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <new>
#include <vector>

#include "base/error.h"

namespace fer {

std::string Digest::text() const {
  return fmt::format("xxh3:{:016x}{:016x}", high, low);
}

Digest digest_of(const void* bytes, std::size_t size) {
  const XXH128_hash_t hash = XXH3_128bits(bytes, size);
  return {hash.high64, hash.low64};
}

StreamingDigest::StreamingDigest() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_);
}

StreamingDigest::~StreamingDigest() {
  XXH3_freeState(state_);
}

void StreamingDigest::add(const void* bytes, std::size_t size) {
  XXH3_128bits_update(state_, bytes, size);
}

Digest StreamingDigest::value() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_);
  return {hash.high64, hash.low64};
}

Digest digest_of_file(const std::filesystem::path& path) {
  std::error_code ignored;
  require(std::filesystem::is_regular_file(path, ignored), ExitCode::kBadInput,
          fmt::format("'{}' is missing or no plain file.", path.string()));
  std::ifstream stream(path, std::ios::binary);
  require(stream.good(), ExitCode::kBadInput,
          fmt::format("cannot read '{}': {}.", path.string(), std::strerror(errno)));
  StreamingDigest digest;
  std::vector<char> piece(1 << 20);
  while (stream) {
    stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    digest.add(piece.data(), static_cast<std::size_t>(stream.gcount()));
  }
  require(stream.eof(), ExitCode::kBadInput, fmt::format("reading '{}' failed half-way.", path.string()));
  return digest.value();
}

}  // namespace fer
