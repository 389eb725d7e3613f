/// A query against many vectors: dot products, cosine similarities and the nearest, on the best SIMD target of the CPU.
/// Thread-safe on distinct memory; no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "myelin/base/result.hpp"
#include "myelin/kernels/reduction.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// How alike two vectors are: more is nearer. The numbers are stable.
enum class Similarity : std::uint8_t {
  dot = 0,     ///< q . v
  cosine = 1,  ///< q . v / (|q| |v|); 0 where either is all zeros.
};

/// scores[i] = the similarity of `query` and row i of `vectors`. A vector that holds NaN scores NaN. Lengths whose
/// square overflows a float (above about 1e19) give a cosine of 0 or NaN; squares that fall below the normal numbers
/// (elements of about 1e-19 and less) lose bits, and where all are 0 so is the cosine.
/// **Units/shape**: query [d], vectors [n, d] without gaps in a row, scores [n].
/// A dot product errs by at most (d + 2) * 2^-24 * sum|q||v|, a cosine of lengths between those by (2 d + 8) * 2^-24.
/// **Errors**: shape_mismatch; invalid_argument for an unknown measure, a bad tensor, or overlapping scores.
/// **Cost**: reads `vectors` once; bound by memory bandwidth where they are not in cache.
[[nodiscard]] Result<void> similarities(ConstTensorView query, ConstTensorView vectors, Similarity measure,
                                        TensorView scores);

/// The best.size() rows of `vectors` most alike to `query`, the nearest first, of equals the first; NaN is never among
/// them. Returns how many there are. **Errors**: as similarities, and invalid_argument for a `best` that points
/// to no data or overlaps an input.
[[nodiscard]] Result<std::size_t> nearest(ConstTensorView query, ConstTensorView vectors, Similarity measure,
                                          std::span<Ranked> best);

}  // namespace myelin::kernels
