/// Which SIMD instruction sets this build holds code for, and which one runs.
#pragma once

#include <string>
#include <vector>

namespace myelin::kernels {

/// The SIMD target that the kernels run on, e.g. "AVX2": the best compiled one that this CPU has.
/// **Thread-safety**: thread-safe.
[[nodiscard]] std::string simd_target();

/// The targets that the kernels were compiled for, best first, e.g. {"AVX3", "AVX2", "SSE4", "SCALAR"}.
/// **Thread-safety**: thread-safe.
[[nodiscard]] std::vector<std::string> compiled_simd_targets();

/// Those of compiled_simd_targets() that this CPU can run, best first. **Thread-safety**: thread-safe.
[[nodiscard]] std::vector<std::string> supported_simd_targets();

}  // namespace myelin::kernels
