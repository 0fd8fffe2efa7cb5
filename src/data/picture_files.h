#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace fer {

/// The files that a user named. A folder stands for all pictures in it and its folders, in bytewise order, hidden ones
/// left out; by their endings, which may be those of kinds that read_pictures() complains of. A pattern with `*`, `?`
/// or
/// `[` that is no file's name stands for the files and folders that it fits (glob(3)), in bytewise order. Anything else
/// stands for itself, whether it is there or not.
/// @param complaints  gets one for each folder that cannot be listed or holds no picture, and each pattern that cannot
///                    be looked for
std::vector<std::filesystem::path> list_pictures(const std::vector<std::string>& paths,
                                                 std::vector<std::string>& complaints);

/// Pictures that were read from files, and what became of the others.
struct PictureBatch {
  std::vector<std::filesystem::path> files;  // in the order of `images`
  torch::Tensor images;                      // [N, height, width] uint8
  std::vector<std::string> complaints;       // one for each file that could not be read, naming it
};

/// Reads pictures of any size, gray or in colours, by several threads, and stretches each to one size as import does.
PictureBatch read_pictures(const std::vector<std::filesystem::path>& files, std::int64_t height, std::int64_t width);

}  // namespace fer
