#pragma once

#include <string>

#include "data/loader.h"
#include "model/model.h"

namespace fer {

/// The explanation sheet of what spoke for a net's answers: the bytes of a PNG file. Not collective. Leaves `net` in
/// eval mode.
/// @param loader         of 1 to kMostExplained pictures, of which the first view is explained
/// @param probabilities  [N, classes], the net's answers; each picture's likeliest class is explained
std::string explain_pictures(Net& net, const Loader& loader, const torch::Tensor& probabilities);

}  // namespace fer
