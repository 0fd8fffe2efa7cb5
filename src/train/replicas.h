#pragma once

#include <torch/nn/module.h>

#include "comm/communicator.h"

namespace fer {

/// Gives every rank the parameters and buffers of rank 0. Collective.
void broadcast_replica(torch::nn::Module& net, Communicator& communicator);

/// Compares a digest of every parameter and buffer over the ranks. Collective.
/// @throws Error (kPeer) on every rank, naming a rank that stands alone against the others and the first tensor in
///         which it differs.
void require_equal_replicas(const torch::nn::Module& net, Communicator& communicator);

}  // namespace fer
