#pragma once

#include <memory>

#include "cli/train_options.h"
#include "comm/folder_hold.h"
#include "comm/mpi_communicator.h"

namespace fer {

/// Has the folder of a run to itself for as long as what it returns lives, and removes what a killed process wrote in
/// half there; a start that may go on with a run waits three minutes for whoever has the folder. Collective.
/// @return nothing on other ranks than 0, and for a dry run
/// @throws AgreedError as FolderHold.
std::unique_ptr<FolderHold> hold_run_folder(const TrainOptions& options, MpiCommunicator& host);

/// Makes the folder of a run, unless it goes on with the one that is there. Collective.
/// @throws AgreedError (kUsage) if it holds checkpoints of a run that is not known, (kIo).
void make_run_folder(const TrainOptions& options, bool goes_on, MpiCommunicator& host);

}  // namespace fer
