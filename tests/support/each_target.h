#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

namespace fer {

/// Calls `check(target)` with each instruction set that this processor has and the program was built for.
template <class Check>
void on_each_target(const Check& check) {
  for (const auto target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    SCOPED_TRACE(hwy::TargetName(target));
    check(target);
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace fer
