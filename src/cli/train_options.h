#pragma once

#include <optional>
#include <string>

#include "cli/option_parser.h"
#include "comm/communicator.h"
#include "model/model.h"
#include "train/run_data.h"
#include "train/trainer.h"

namespace fer {

/// Everything that `fer_dist_train` can be told, validated as far as it can be without looking at data or ranks.
struct TrainOptions {
  std::string recipe = "default";
  std::string dataset;  // folder
  std::string out;      // folder; empty: a new one under runs/
  std::string device = "auto";
  std::string backend = "auto";
  int threads = 0;  // per rank; 0: cores / ranks on this host
  bool debug = false;
  bool ranks_share_gpu = false;
  std::string cuda_graph = "auto";
  bool dry_run = false;
  bool print_config = false;
  bool quiet = false;

  RunDataConfig data;                  // but for the folder, which is `dataset`
  std::string class_weights = "none";  // none, balanced, or a file

  ModelConfig net;              // but for classes and size, which the data tell
  std::string init_from;        // safetensors file; empty: fresh weights
  std::string freeze = "none";  // or a regular expression on names of parameters
  std::string memory_format = "channels-last";
  std::string engine = "fast";         // or plain
  std::string deterministic = "auto";  // or run, world, off
  std::string precision = "fp32";      // or bf16

  std::int64_t batch_size = 0;  // per rank; 0: from the global batch
  TrainerConfig trainer;
  std::int64_t checkpoint_every = 1;    // epochs; 0 where steps or seconds are counted, as `trainer` says
  std::string preempt_signal = "USR1";  // beside TERM
  double watchdog_seconds = 30;         // 0: none
  std::optional<Fault> fault;           // that is rehearsed
  std::int64_t keep = 1;
  std::string on_disk_full = "stop";  // or warn
  std::string resume = "never";       // or auto, or the path of a checkpoint or of a run
  int members = 1;                    // runs of neighbouring seeds, an ensemble

  /// What is trained one after the other, each with all options; without sections in recipe or config one phase. They
  /// differ in what kPhaseKeys names alone.
  std::vector<TrainOptions> phases;

  /// What --help and --version asked to print instead of training; empty otherwise.
  std::string text_to_print;

  /// All options as they were resolved, as INI lines that repeat the run: for config.ini and --print-config.
  std::string ini;
};

/// The same options for one run of an ensemble, as if they had been given for it alone.
TrainOptions member_options(const TrainOptions& options, int member, const std::string& out);

/// Command line over --config over --recipe over defaults.
/// @throws Error (kUsage).
TrainOptions parse_train_options(int argc, const char* const* argv);

}  // namespace fer
