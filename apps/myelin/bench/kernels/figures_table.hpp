/// The report of `myelin bench kernels`, as text.
#pragma once

#include <string>
#include <vector>

#include "bench/kernels/roofline.hpp"

namespace myelin::tool::kernel_bench {

/// A row a side: the figure, its share of the peak where it counts operations in f32, and how many times the first
/// side's. Empty for no cases.
[[nodiscard]] std::string figures_table(const std::vector<Measured>& cases, const std::vector<Limits>& limits);

}  // namespace myelin::tool::kernel_bench
