#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "data/dataset.h"

namespace fer {

/// Some samples of a labelled split, and their targets among the classes that were chosen.
struct Selection {
  std::vector<std::int64_t> rows;  // of the split, ascending
  torch::Tensor labels;            // [rows] int64, in [0, chosen classes)
  torch::Tensor class_shares;      // [rows, chosen classes] float32: what part of the votes each has; undefined without
};

/// Chooses samples by class, and of each class a share.
/// @param targets   of the N samples, labels in [0, classes)
/// @param classes   all names, in label order
/// @param wanted    names that are kept; their order gives the new labels. Empty: all.
/// @param fraction  share of each class that is kept, in (0, 1]; at least one sample of each that has any
/// @param seed      draws which; the same on every rank
/// @throws Error (kUsage) naming an unknown class.
Selection select_samples(const Targets& targets, const std::vector<std::string>& classes,
                         const std::vector<std::string>& wanted, double fraction, std::uint64_t seed);

/// What there is of each class, [classes] float32: samples, or where there are votes the sum of their shares.
torch::Tensor class_counts(const Selection& selection, std::int64_t classes);

/// [R, ...] -> [rows, ...]
torch::Tensor rows_of(const torch::Tensor& tensor, const std::vector<std::int64_t>& rows);

/// The selected samples as a split of their own, without votes.
Split selected(const Split& split, const Selection& selection);

/// Weights of the classes' losses, [classes] float32: `none` gives an undefined tensor, `balanced` N / (classes x
/// count), anything else is a file of lines `class,weight`. They are scaled so that their mean over the samples is 1,
/// and the learning rate keeps its meaning. @param counts  of class_counts().
/// @throws Error (kBadInput) naming file and line.
torch::Tensor class_weights(const std::string& spec, const torch::Tensor& counts,
                            const std::vector<std::string>& classes);

}  // namespace fer
