#pragma once

#include <cstdint>
#include <vector>

#include "artifacts/event_records.h"

namespace fer {

/// A confusion matrix as a picture in colour, without text: rows are true classes from the top, columns predicted ones
/// from the left, each cell the darker the larger its share of the row. A class without samples stays pale.
/// @param confusion  [true][predicted] samples of at least one class
EventImage confusion_picture(const std::vector<std::vector<std::int64_t>>& confusion);

}  // namespace fer
