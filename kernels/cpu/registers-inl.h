// What keeps values in registers where GCC 12 would not. Included once per SIMD target.

#if defined(MYELIN_KERNELS_CPU_REGISTERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_REGISTERS_INL_H_
#undef MYELIN_KERNELS_CPU_REGISTERS_INL_H_
#else
#define MYELIN_KERNELS_CPU_REGISTERS_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

// Costs no instruction. It says to the compiler that something here may change `value`: so it is in a register, and is
// computed before this. For GCC alone: clang 14 refuses where it optimises little and has the value in memory.
template <class V>
HWY_INLINE void hold_in_register([[maybe_unused]] V& value) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_COMPILER_GCC_ACTUAL
  if constexpr (requires { value.raw; }) {
    asm("" : "+v"(value.raw));
  } else {
    asm("" : "+v"(value));
  }
#endif
}

// All sums of a tile.
template <int kRows, int kVectors, class V>
HWY_INLINE void hold_in_registers(V (&sums)[kRows][kVectors]) {
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) hold_in_register(sums[i][j]);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
