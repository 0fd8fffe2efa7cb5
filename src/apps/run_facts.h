#pragma once

#include <nlohmann/json.hpp>

#include "cli/train_options.h"
#include "comm/mpi_communicator.h"
#include "comm/placement.h"
#include "train/run_data.h"

namespace fer {

/// What run.json says of a run from its start: with what build, on which ranks, with what data and net. Collective.
nlohmann::json run_facts(const TrainOptions& options, const RunData& data, const Placement& placement,
                         MpiCommunicator& host);

}  // namespace fer
