#pragma once

#include <string>

#include "artifacts/report.h"

namespace fer {

// The tables of comparison_page(), each empty if there is nothing for it.

/// The figures of each run on the split, the best of each emphasised, with intervals of the accuracy on one scale.
std::string score_comparison(const Comparison& comparison);

/// What McNemar's tests say.
std::string paired_tests(const Comparison& comparison);

std::string class_comparison(const Comparison& comparison);

/// The facts of each run, with the number of epochs and the best one; gray where all runs are alike.
std::string fact_comparison(const Comparison& comparison);

}  // namespace fer
