/// Instructions that none of Highway's targets stands for, and so need a question of their own.
#pragma once

namespace myelin::kernels::cpu {

/// vdpbf16ps on 512 bits. **Thread-safety**: thread-safe.
[[nodiscard]] inline bool has_avx512_bf16() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

/// vpdpbusd on 512 bits. **Thread-safety**: thread-safe.
[[nodiscard]] inline bool has_avx512_vnni() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512vnni") != 0;
#else
  return false;
#endif
}

}  // namespace myelin::kernels::cpu
