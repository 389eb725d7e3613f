/// What this machine can do at best: the two limits that a kernel's speed is held against.
/// Source: Williams, Waterman and Patterson 2009, "Roofline: an insightful visual performance model".
#pragma once

#include <cstddef>
#include <span>

namespace myelin::kernels {

/// Multiplies and adds in registers alone, `rounds` times, on the SIMD target in use. Returns how many floating-point
/// operations that was: divided by the time it took, the most that one thread can do.
/// **Thread-safety**: thread-safe.
double multiply_in_registers(std::size_t rounds) noexcept;

/// The sum of all values, read at the speed of the memory that they lie in: their bytes, divided by the time it took,
/// are that memory's bandwidth. **Thread-safety**: thread-safe.
float read_through(std::span<const float> values) noexcept;

}  // namespace myelin::kernels
