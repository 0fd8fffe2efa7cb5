#pragma once

#include <string>

#include "data/training_set.h"

namespace fer {

/// What goes wrong on purpose, so that an operator can rehearse it: once, ahead of a step of a run that begins anew.
struct Fault {
  enum class Kind { kKill, kStop, kSleep, kNan, kDiskFull };

  int rank = 0;
  std::int64_t step = 1;  // counted from 1
  Kind kind = Kind::kKill;
};

/// Of a text like rank=1,step=50,kind=kill. @throws Error (kUsage).
Fault parse_fault(const std::string& text);

/// Does it, if rank and step are its own. @param batch  of the step
void commit_fault(const Fault& fault, int rank, std::int64_t step, TrainingBatch& batch);

}  // namespace fer
