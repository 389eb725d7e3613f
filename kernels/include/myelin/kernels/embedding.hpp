/// Looks rows of a table up by their numbers.
#pragma once

#include "myelin/base/result.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// y(i..., :) = table(ids(i...), :). **Units/shape**: table [rows, dim] without gaps in a row, ids [...] of i32 and at
/// most three dimensions, y [..., dim] without gaps in its last dimension.
/// **Errors**: shape_mismatch; invalid_argument for a bad tensor, an id outside of [0, rows), and a y that overlaps an
/// input. y is untouched after an error. **Thread-safety**: thread-safe on distinct memory. **Cost**: reads every id
/// twice; no allocation.
[[nodiscard]] Result<void> embed(ConstTensorView table, ConstTensorView ids, TensorView y);

}  // namespace myelin::kernels
