#pragma once

#include <torch/types.h>

#include <optional>
#include <string>

#include "comm/communicator.h"
#include "data/loader.h"
#include "model/model.h"
#include "train/split_scores.h"

namespace fer {

struct Evaluation {
  torch::Tensor probabilities;        // [N, classes] float64, in the split's order, on the host
  std::optional<SplitScores> scores;  // where the split has labels
};

/// What of a net's answers is averaged, over views and over nets: the softmax outputs, or the logits ahead of them.
enum class Averaging { kSoftmax, kLogits };

/// Reads softmax or logits. @throws Error (kUsage) naming both.
Averaging parse_averaging(const std::string& text);

/// A net's answers to a split without gradients, averaged over views. Samples are cut by their index into fixed chunks,
/// which are dealt to ranks and threads and computed by one thread each: the answers are the same to the last digit for
/// every number of ranks and threads. Collective; every rank gets all of them. Leaves `net` in eval mode.
/// @return [N, classes] float64 on the host, in the split's order
torch::Tensor answers_of(Net& net, const Loader& loader, Averaging averaging, Communicator& communicator);

/// Scores probabilities [N, classes] float64 against the labels of the split they are about, if it has any, adding in
/// the split's order in double. Not collective.
Evaluation score(const torch::Tensor& probabilities, const torch::Tensor& labels);

/// Scores a net on a split by its mean softmax outputs. Collective.
Evaluation evaluate(Net& net, const Loader& loader, Communicator& communicator);

}  // namespace fer
