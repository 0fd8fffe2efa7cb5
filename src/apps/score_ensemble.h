#pragma once

#include <string>
#include <vector>

#include "apps/train_member.h"

namespace fer {

/// Has the best nets of members answer validation and test split together: ensemble.json, predictions.csv and
/// submission.csv, which are about the test split alone, and report.html. A report that cannot be made ends nothing.
/// Logs their scores. Collective.
/// @param folders  of the members' runs, one or more
/// @throws AgreedError (kIo, kBadInput) if a member's checkpoint cannot be read, or a file not written.
void score_ensemble(const std::vector<std::string>& folders, const TrainOptions& options, const TrainingJob& job,
                    MpiCommunicator& host);

}  // namespace fer
