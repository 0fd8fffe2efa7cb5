#pragma once

#include <string>
#include <vector>

namespace fer {

/// How the values of a chart are laid out and written.
enum class Scale {
  kPlain,     // between the least and the largest
  kFromZero,  // for what is never negative, and whose size matters
  kShare,     // 0 to 1, written as percent
  kLog,       // logarithmic, for what is positive
};

struct Tick {
  double value = 0;
  std::string label;
};

/// A range that begins and ends at round numbers, and the round numbers in it.
struct Axis {
  double from = 0;
  double to = 1;
  bool logarithmic = false;
  std::vector<Tick> ticks;

  /// Where a value lies: 0 at `from`, 1 at `to`.
  double place(double value) const;
};

/// An axis for values from `least` to `largest`, which may be equal; positive ones if the scale is kLog.
Axis value_axis(double least, double largest, Scale scale);

/// An axis for whole numbers, such as epochs. It begins and ends at the given ones, with a half on either side where
/// they are equal.
Axis epoch_axis(double first, double last);

/// A value as it is read off a chart: 0.6728 -> "67.3%" as a share, 12345.6 -> "12,346" from zero, else four digits.
std::string value_text(double value, Scale scale);

}  // namespace fer
