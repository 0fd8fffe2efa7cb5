#pragma once

#include <string>
#include <vector>

#include "artifacts/scores.h"

namespace fer {

/// @throws Error (kInternal) if scores are of another number of classes than there are names.
void require_fitting(const SplitScores& scores, const std::vector<std::string>& classes);

/// Counts and the share of the row in each cell, shaded by that share; sums of rows and columns.
std::string confusion_table(const SplitScores& scores, const std::vector<std::string>& classes);

/// Precision, recall with its 95 % interval, F1 and support of each class, and the mean over the classes.
std::string class_table(const SplitScores& scores, const std::vector<std::string>& classes);

/// How often answers were right, by the confidence they were given with, over how many there were (Guo et al., arXiv
/// 1706.04599). Empty if no answer is in a bin.
std::string reliability_diagram(const SplitScores& scores);

/// "68.2%, 95% interval 66.7% to 69.7%"
std::string accuracy_text(const SplitScores& scores);

/// What a split's figures are as a whole: accuracy, macro F1, loss and the rest.
std::string score_list(const SplitScores& scores);

}  // namespace fer
