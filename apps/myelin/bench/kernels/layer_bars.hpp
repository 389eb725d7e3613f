/// Ratios of our side to the others, for bars over many cases.
#pragma once

#include <string_view>

#include "bench/kernels/family.hpp"

namespace myelin::tool::kernel_bench {

inline constexpr const char* kMyelin = "Myelin";
inline constexpr const char* kPlain = "plain loops";
inline constexpr std::string_view kOneDnn = "oneDNN";

/// How many times the strongest of the sides whose names begin with `theirs` ours is, round by round; nothing where one
/// of the two was not measured.
[[nodiscard]] std::optional<Summary> ratio_to(const Measured& measured, std::string_view theirs);

/// The least of all cases that have such a side; nothing where none has, or where `stop` has kept cases from being
/// measured.
[[nodiscard]] Bar least_bar(std::string name, double limit, const std::vector<Measured>& cases, std::string_view theirs,
                            const std::stop_token& stop);

}  // namespace myelin::tool::kernel_bench
