/// Runs a piece of a test once per SIMD target that was compiled and that this CPU has.
#pragma once

#include <hwy/targets.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "myelin/kernels/target.hpp"

namespace myelin::kernels::test {

/// Calls `body()` once per target, with the kernels switched to it, and switches back to the best one afterwards.
/// **Thread-safety**: the choice is the whole process's: no other thread may run kernels meanwhile.
template <class Body>
void for_each_target(const Body& body) {
  struct Restore {
    ~Restore() {
      hwy::SetSupportedTargetsForTest(0);
      hwy::GetChosenTarget().DeInit();
    }
  } restore;
  const std::vector<std::string> supported = supported_simd_targets();
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (std::ranges::count(supported, hwy::TargetName(target)) == 0) continue;  // not compiled into the kernels
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    BOOST_TEST_CONTEXT("SIMD target " << hwy::TargetName(target)) { body(); }
    hwy::SetSupportedTargetsForTest(0);
  }
}

}  // namespace myelin::kernels::test
