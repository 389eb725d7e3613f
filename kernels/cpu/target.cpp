#include "myelin/kernels/target.hpp"

#include <cstdint>

#include "cpu/gemm/gemm_call.hpp"
#include "hwy/targets.h"

namespace myelin::kernels {

namespace {

// Names of the targets in a bit set. Highway gives better targets lower bits.
std::vector<std::string> names(std::int64_t targets) {
  std::vector<std::string> result;
  for (; targets != 0; targets &= targets - 1) result.emplace_back(hwy::TargetName(targets & -targets));
  return result;
}

}  // namespace

std::string simd_target() { return hwy::TargetName(cpu::gemm_target()); }

std::vector<std::string> compiled_simd_targets() { return names(HWY_TARGETS); }

std::vector<std::string> supported_simd_targets() { return names(HWY_TARGETS & hwy::SupportedTargets()); }

}  // namespace myelin::kernels
