#pragma once

#include <filesystem>
#include <string>

#include "train/epoch_events.h"
#include "train/trainer.h"

namespace fer {

/// What TensorBoard shows of a run. What finds no room waits in memory for the next time, and ends no run. Not
/// collective: rank 0's.
class RunEvents {
 public:
  /// @param first_step  that is yet to come, 1 at the start of a run
  /// @param config_ini  from which the table of runs takes hyper-parameters
  RunEvents(const std::filesystem::path& folder, std::int64_t first_step, const std::string& config_ini);

  /// The first batch, as the net sees it. @param images  [N, 1, H, W] in [0, 1]
  void show_faces(const torch::Tensor& images);
  /// What can be told of an epoch while the net is trained on.
  static EpochEvents events_of(const EpochReport& report, const Trainer& trainer);
  void write(const EpochEvents& epoch);
  /// @param best  of the best epoch on the validation split  @param test  of its net on the test split
  /// Of a run that ends with an error.
  void fail();
  void finish(const FinalFigures& best, const FinalFigures& test);

 private:
  void flush();

  EventFile file_;
  std::int64_t step_;  // behind which the run is
  bool refused_ = false;
};

}  // namespace fer
