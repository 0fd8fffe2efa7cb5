#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace fer {

/// The files that a user named: a folder stands for all pictures in it and its folders (names ending in .jpg, .jpeg or
/// .png, in bytewise order, hidden ones left out), anything else for itself, whether it is there or not.
/// @throws Error (kBadInput) if a folder cannot be listed or holds no picture.
std::vector<std::filesystem::path> list_pictures(const std::vector<std::string>& paths);

/// Pictures that were read from files, and what became of the others.
struct PictureBatch {
  std::vector<std::filesystem::path> files;  // in the order of `images`
  torch::Tensor images;                      // [N, height, width] uint8
  std::vector<std::string> complaints;       // one for each file that could not be read, naming it
};

/// Reads pictures of any size, gray or in colours, by several threads, and stretches each to one size as import does.
PictureBatch read_pictures(const std::vector<std::filesystem::path>& files, std::int64_t height, std::int64_t width);

}  // namespace fer
