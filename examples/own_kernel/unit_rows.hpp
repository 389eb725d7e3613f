/// Rows of length 1: what a search by dot products takes in place of cosines.
#pragma once

#include <myelin/base/result.hpp>
#include <myelin/kernels/tensor.hpp>

namespace own {

/// y = x / |x| for every row, within (count + 8) * 2^-24 of each element. A row of zeros, or of numbers whose squares
/// are nothing (below 1e-23), becomes zeros; one that holds NaN becomes NaN throughout.
/// **Units/shape**: x and y [rows, count] or [count], without gaps in a row; y may be x itself.
/// **Errors**: shape_mismatch; invalid_argument for a bad tensor, or a y that overlaps x and is not the same.
/// **Thread-safety**: thread-safe on distinct memory; allocates nothing.
[[nodiscard]] myelin::Result<void> unit_rows(myelin::ConstTensorView x, myelin::TensorView y);

}  // namespace own
