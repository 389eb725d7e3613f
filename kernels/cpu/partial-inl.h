// Loads and stores of the first few lanes of a vector, for the ragged end of a row. Included once per SIMD target.
//
// Memory past `count` elements is neither read nor written: it may belong to another thread, or to nobody. Highway
// promises that only where the instruction set has masks; elsewhere its MaskedLoad and BlendedStore touch whole
// vectors.

#if defined(MYELIN_KERNELS_CPU_PARTIAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_PARTIAL_INL_H_
#undef MYELIN_KERNELS_CPU_PARTIAL_INL_H_
#else
#define MYELIN_KERNELS_CPU_PARTIAL_INL_H_
#endif

#include <cstddef>
#include <cstring>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

// Whether masked loads and stores leave the other lanes' memory alone.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
constexpr bool kHasMemoryMasks = true;
#else
constexpr bool kHasMemoryMasks = false;
#endif

/// The `count` floats at `from`, the other lanes zero. Requires: count <= Lanes(d).
template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> load_partial(D d, std::size_t count, const float* HWY_RESTRICT from) {
  namespace hn = hwy::HWY_NAMESPACE;
  if constexpr (kHasMemoryMasks) {
    return hn::MaskedLoad(hn::FirstN(d, count), d, from);
  } else {
    HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)] = {};
    std::memcpy(lanes, from, count * sizeof(float));
    return hn::Load(d, lanes);
  }
}

/// Stores the first `count` lanes. Requires: count <= Lanes(d).
template <class D>
HWY_INLINE void store_partial(hwy::HWY_NAMESPACE::Vec<D> v, D d, std::size_t count, float* HWY_RESTRICT to) {
  namespace hn = hwy::HWY_NAMESPACE;
  if constexpr (kHasMemoryMasks) {
    hn::BlendedStore(v, hn::FirstN(d, count), d, to);
  } else {
    HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
    hn::Store(v, d, lanes);
    std::memcpy(to, lanes, count * sizeof(float));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
