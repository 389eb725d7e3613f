/// Patterns of keys: `*` stands for any characters, also none, `?` for one. All else stands for itself.
#pragma once

#include <string>
#include <string_view>

namespace myelin::validator {

[[nodiscard]] bool matches(std::string_view pattern, std::string_view text) noexcept;

/// What every text that matches begins with.
[[nodiscard]] std::string_view literal_prefix(std::string_view pattern) noexcept;

/// The first text behind all that begin with `prefix`; empty where there is none.
[[nodiscard]] std::string end_of_prefix(std::string_view prefix);

}  // namespace myelin::validator
