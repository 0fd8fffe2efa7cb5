#pragma once

#include <torch/types.h>

#include <optional>

#include "comm/communicator.h"
#include "data/loader.h"
#include "model/model.h"
#include "train/classification_report.h"

namespace fer {

struct Evaluation {
  torch::Tensor probabilities;                 // [N, classes] float64, in the split's order, on the host
  std::optional<ClassificationReport> report;  // where the split has labels
};

/// Scores a split without gradients. Samples are cut by their index into fixed chunks, which are dealt to ranks and
/// threads, computed by one thread each, and added in their order in double: the figures are the same to the last digit
/// for every number of ranks and threads. Collective; every rank gets the whole result. Leaves `net` in eval mode.
Evaluation evaluate(Net& net, const Loader& loader, Communicator& communicator);

}  // namespace fer
