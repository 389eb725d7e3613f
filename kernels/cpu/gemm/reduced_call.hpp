/// Products with packed weights of 16 and 8 bits below the border: raw pointers, run-time choice of the SIMD target.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/gemm/gemm_call.hpp"
#include "myelin/kernels/bf16.hpp"

namespace myelin::kernels::cpu {

/// Whether run_bf16 uses vdpbf16ps, and run_int8 vpdpbusd.
[[nodiscard]] bool pairs_at_once();
[[nodiscard]] bool dots_bytes();

/// Values that pack_bf16 writes on the target in use. **Requires**: it was checked that they fit the address space.
[[nodiscard]] std::size_t packed_bf16_size(std::size_t k, std::size_t n);

/// B as it lies in memory: floats, or bf16 as bits.
struct Bf16Source {
  const float* floats = nullptr;
  const std::uint16_t* bits = nullptr;  ///< If `floats` is null.
  std::size_t stride = 0;
  bool transposed = false;  ///< Stored [n, k].
};

/// Rounds B [k, n] and writes it as panels of pairs: [panels, ceil(k / 2), width, 2], filled up with zeros.
/// **Requires**: `destination` 64-byte aligned.
void pack_bf16(const Bf16Source& b, std::size_t k, std::size_t n, Bf16* destination);

/// `call` with these weights; its own `b` and `packed_b` are not read, nor its `a` where `a_bits` is not null: A in
/// bf16, laid out as `call` says. False when work memory could not be had; C is then untouched.
[[nodiscard]] bool run_bf16(const GemmCall& call, const std::uint16_t* a_bits, const Bf16* weights);

/// A product of integers: sums into `sums`, or scaled into what `scaled` says.
/// **Requires**: m, n, k > 0; k at most kInt8DepthMax.
struct Int8Call {
  std::size_t m = 0;
  std::size_t n = 0;
  std::size_t k = 0;
  const std::int8_t* a = nullptr;
  std::size_t a_stride = 0;
  bool transpose_a = false;
  const std::int8_t* weights = nullptr;  ///< What pack_int8 wrote, for the same target.
  std::int32_t* sums = nullptr;          ///< [m, n], or null
  std::size_t sums_stride = 0;
  const GemmCall* scaled = nullptr;  ///< C and its epilogue; set if `sums` is null.
  const float* a_scales = nullptr;   ///< [m], for `scaled`
  const float* b_scales = nullptr;   ///< [n], for `scaled`
  Workers* workers = nullptr;
};

/// Bytes that pack_int8 writes on the target in use. **Requires**: it was checked that they fit the address space.
[[nodiscard]] std::size_t packed_int8_size(std::size_t k, std::size_t n);

/// Writes B [k, n] as panels of fours: [panels, ceil(k / 4), width, 4], filled up with zeros; behind them each column's
/// sum as 32 bits. **Requires**: `destination` 64-byte aligned.
void pack_int8(const std::int8_t* b, std::size_t stride, std::size_t k, std::size_t n, std::int8_t* destination);

/// False when work memory could not be had; nothing is written then.
[[nodiscard]] bool run_int8(const Int8Call& call);

}  // namespace myelin::kernels::cpu
