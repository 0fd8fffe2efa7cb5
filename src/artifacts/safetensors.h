#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>

namespace fer {

/// What a safetensors file holds: named tensors, and texts about them. Its reader runs no code and trusts no length.
struct SafetensorsFile {
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::string> metadata;
  bool verified = false;  // a digest was there, and it matched
};

/// Writes the file whole or not at all. Tensors are stored contiguous, in host memory's byte order (little endian).
/// A metadata entry `digest` of 37 characters is added: "xxh3:" and the XXH3-128 of the file with these digits zeroed.
/// @throws Error (kIo).
void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& content);

/// Reads a file written by anybody; checks the digest if there is one, and says so in `verified`.
/// @throws Error (kBadInput) naming the file and what is wrong: header, type, shape, offsets, gaps, digest.
SafetensorsFile read_safetensors(const std::filesystem::path& path);

}  // namespace fer
