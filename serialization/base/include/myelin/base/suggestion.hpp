/// "Did you mean ...?"
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace myelin {

/// How many single characters must be inserted, removed, replaced or swapped with their neighbour to turn `a` into `b`.
/// **Source**: optimal string alignment distance (Damerau 1964). **Cost**: |a| * |b|.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to a mistyped word: within one edit for each three characters, or one that the word begins.
/// Nothing when all are further off: a wrong guess helps less than none.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace myelin
