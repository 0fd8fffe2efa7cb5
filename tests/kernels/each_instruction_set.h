#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cstdint>
#include <optional>
#include <string>

namespace fer {

/// The kernels of one instruction set, for as long as this lives.
class OnlyTarget {
 public:
  explicit OnlyTarget(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
  }
  ~OnlyTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

/// A test that runs once for each instruction set, with the kernels of that alone.
class EachInstructionSet : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override {
    if ((hwy::SupportedTargets() & GetParam()) == 0)
      GTEST_SKIP() << "this processor does not know " << hwy::TargetName(GetParam());
    target_.emplace(GetParam());
  }

 private:
  std::optional<OnlyTarget> target_;
};

inline const auto kInstructionSets = testing::Values(HWY_AVX2, HWY_AVX3);

inline std::string instruction_set_name(const testing::TestParamInfo<std::int64_t>& info) {
  return hwy::TargetName(info.param);
}

}  // namespace fer
