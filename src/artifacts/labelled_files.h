#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace fer {

/// What a net said about files of pictures.
struct LabelledFiles {
  std::vector<std::string> classes;
  std::vector<std::filesystem::path> files;
  torch::Tensor probabilities;  // [N, classes] float64
};

/// For people: file, label and each class's probability in percent, in columns.
std::string as_table(const LabelledFiles& labelled);

/// For programs: `file,label,p_<class>...`, quoted as RFC 4180 says.
std::string as_csv(const LabelledFiles& labelled);

/// A list of objects with `file`, `label` and `probabilities` by class.
std::string as_json(const LabelledFiles& labelled);

}  // namespace fer
