/// Attention below the border: no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>

namespace myelin::kernels::cpu {

/// One head. Rows of all matrices are `..._stride` floats apart.
struct AttentionHead {
  std::size_t queries = 0;
  std::size_t keys = 0;
  std::size_t dim = 0;
  std::size_t value_dim = 0;
  const float* q = nullptr;
  std::size_t q_stride = 0;
  const float* k = nullptr;
  std::size_t k_stride = 0;
  const float* v = nullptr;
  std::size_t v_stride = 0;
  float* y = nullptr;
  std::size_t y_stride = 0;
  const float* mask = nullptr;  ///< [queries, keys] or null
  std::size_t mask_stride = 0;
  float scale = 1;
  bool causal = false;
};

/// Work memory of a head of these lengths, in floats, and how it is divided. It depends on the target.
struct AttentionWork {
  std::size_t packed_keys = 0;
  std::size_t packed_values = 0;
  std::size_t scores = 0;
  std::size_t rows = 0;              ///< Queries at a time.
  std::size_t columns_in_place = 0;  ///< Of the values: those before are read where they lie, the others packed.
};

/// **Requires**: keys, dim and value_dim are small enough for products not to overflow.
[[nodiscard]] AttentionWork attention_work(std::size_t queries, std::size_t keys, std::size_t dim,
                                           std::size_t value_dim);

/// Copies keys and values into the order that attend() reads; does nothing where it reads them in place.
/// `work`: packed_keys, then packed_values, then scores; 64-byte aligned.
void pack_head(const AttentionHead& head, const AttentionWork& sizes, float* work);

/// **Requires**: keys > 0, and what pack_head wrote for the same k and v.
void attend(const AttentionHead& head, const AttentionWork& sizes, float* work);

}  // namespace myelin::kernels::cpu
