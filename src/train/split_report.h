#pragma once

#include <string>
#include <vector>

#include "artifacts/report.h"
#include "data/loader.h"
#include "model/model.h"
#include "train/evaluate.h"

namespace fer {

/// A split's part of a report: its figures, the surest answers that were right, of each class some, the surest that
/// were wrong, and those between two classes. Not collective.
/// @param classes  in label order
/// @param role     what the split was to the run; may be empty
SplitReport report_split(const Split& split, const Evaluation& evaluation, const std::vector<std::string>& classes,
                         const std::string& role);

/// Adds what spoke for a net's answers: of each class the surest right one and the surest wrong one, or where labels
/// are unknown the surest that names it. Not collective.
/// @param loader  of the same split, as the net was scored with; its first view is explained
void explain_answers(SplitReport& report, const Split& split, const Evaluation& evaluation,
                     const std::vector<std::string>& classes, Net& net, const Loader& loader);

}  // namespace fer
