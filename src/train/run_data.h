#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "comm/mpi_communicator.h"
#include "data/loader.h"
#include "data/selection.h"
#include "data/training_set.h"

namespace fer {

struct RunDataConfig {
  std::filesystem::path folder;
  std::string validation_split;      // empty: `validation`, else `public_test`, else none
  std::string test_split;            // empty: `test`, else `private_test`, else none
  std::vector<std::string> classes;  // that are kept, in the order of their new labels; empty: all
  double fraction = 1;               // of each class of the train split
  std::int64_t most_samples = 0;     // of the train split; 0: all
  std::int64_t resident_mb = -1;     // a larger train split is streamed; -1: by the memory that is free
  TrainingSetConfig training_set;
};

/// What a run learns from and is scored on.
struct RunData {
  Manifest manifest;                 // of the whole dataset
  std::vector<std::string> classes;  // that were chosen
  Selection train;                   // of the train split
  torch::Tensor train_images;        // [R, H, W] uint8, of the whole train split, once per host; undefined if streamed
  std::optional<Split> validation;
  std::optional<Split> test;

  std::int64_t train_size() const { return train.labels.numel(); }
  /// Whether the train split stays on the disk.
  bool streamed() const { return !train_images.defined(); }
  /// Whether the test split tells how good a net is, and not validation: it has labels, or is alone.
  bool test_tells() const { return test && (test->labelled() || !validation); }
};

/// Reads what `config` asks for, checking every byte of it: whole splits, of which a host holds one copy for its ranks,
/// but for a train split that does not fit. Collective.
/// @throws AgreedError (kBadInput) naming rank, host and shard, (kUsage), or (kPeer) if the ranks see different data.
RunData open_run_data(const RunDataConfig& config, const torch::Device& device, MpiCommunicator& host);

/// A rank's part of the train split that was opened. Not collective.
TrainingSet make_training_set(const RunDataConfig& config, const RunData& data, const torch::Device& device,
                              const Communicator& communicator);

}  // namespace fer
