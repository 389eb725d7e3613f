/// Which SIMD instruction sets this build holds code for, and which one runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"

namespace myelin::kernels {

/// The SIMD target that the kernels run on, e.g. "AVX2": the best compiled one that this CPU has.
/// **Thread-safety**: thread-safe.
[[nodiscard]] std::string simd_target();

/// The targets that the kernels were compiled for, best first, e.g. {"AVX3", "AVX2", "SSE4", "SCALAR"}.
/// **Thread-safety**: thread-safe.
[[nodiscard]] std::vector<std::string> compiled_simd_targets();

/// Those of compiled_simd_targets() that this CPU can run, best first. **Thread-safety**: thread-safe.
[[nodiscard]] std::vector<std::string> supported_simd_targets();

/// Holds the kernels of this process to one of supported_simd_targets(), as on a CPU that has no better one.
/// **Thread-safety**: no other thread may run kernels meanwhile; what was packed before is refused afterwards.
/// **Errors**: invalid_argument for any other name, with those to choose from.
[[nodiscard]] Result<void> hold_to_simd_target(std::string_view name);

}  // namespace myelin::kernels
