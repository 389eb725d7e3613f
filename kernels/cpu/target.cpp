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

Result<void> hold_to_simd_target(std::string_view name) {
  const std::int64_t supported = HWY_TARGETS & hwy::SupportedTargets();
  for (std::int64_t left = supported; left != 0; left &= left - 1) {
    const std::int64_t target = left & -left;
    if (name != hwy::TargetName(target)) continue;
    hwy::DisableTargets(~target);
    return {};
  }
  std::string list;
  for (const std::string& one : names(supported)) list += (list.empty() ? "" : ", ") + one;
  return fail(Errc::invalid_argument,
              "this CPU and this build have no SIMD target '" + std::string{name} + "': choose from " + list);
}

}  // namespace myelin::kernels
