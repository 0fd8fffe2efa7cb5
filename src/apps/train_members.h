#pragma once

#include "apps/train_member.h"

namespace fer {

/// Trains `options.members` nets of neighbouring seeds, each in a folder of its own, `options.out`/member-01 and so on:
/// side by side on groups of as many ranks each, and in turn where there are more members than groups. Then scores
/// their best checkpoints, one by one and together, by score_ensemble(). A member that failed is left
/// out, and the job fails when the others are done. A signal to a rank pauses its group's member; the other groups
/// train theirs to the end, and nothing is scored. Collective over `host`.
/// @return as train_member()
/// @throws AgreedError for a member that failed, or two runs in one folder; Error as train_member().
ExitCode train_members(const TrainOptions& options, const TrainingJob& job, MpiCommunicator& host);

}  // namespace fer
