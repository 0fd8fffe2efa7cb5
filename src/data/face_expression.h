#pragma once

#include <cstdint>

#include "data/face_parameters.h"

namespace fer::faces {

struct LabelledExpression {
  Expression expression;
  std::uint8_t label;  // index into kEmotions
};

/// Draws an emotion uniformly, how strongly it shows, and what an annotator would call it.
///
/// Faces in the wild are seldom one emotion at its peak. Some are faint, and some blend two emotions; of a blend,
/// annotators mostly name the stronger part, yet the nearer the parts the less they agree. That disagreement, and not
/// labels changed at random, is what keeps a classifier below 100 %.
LabelledExpression draw_expression(PhiloxStream& random);

}  // namespace fer::faces
