#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/trainer.h"

namespace fer {

/// The lines in which a run tells of its epochs, one for each below a header:
///
///   epoch  train loss    acc  val loss    acc macro-F1        lr  img/s     s
///    1/12      1.9287 20.03%    1.9301 17.30%   12.51%     0.001   4115   2.1 *
///
/// An asterisk marks the best epoch so far. Without a validation split its columns are left out, and the mark: then
/// every epoch counts as the best. 80 columns at most for usual values; plain text.
class EpochTable {
 public:
  EpochTable(std::int64_t epochs, bool validates);

  std::string header() const;
  std::string row(const EpochReport& report) const;

 private:
  std::int64_t epochs_;
  bool validates_;
  int epoch_width_;
};

/// What else an epoch brought, in words, to stand below its row; for the most part nothing.
/// @param hosts  of the ranks
std::vector<std::string> epoch_notes(const EpochReport& report, const std::vector<std::string>& hosts);

}  // namespace fer
