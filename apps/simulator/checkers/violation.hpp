/// A broken promise: what a checker throws, and a run ends with.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace myelin::sim {

struct Violation {
  std::string invariant;  ///< Which promise, in the same words every time.
  std::string what;       ///< Who broke it, and how.
};

template <class... Args>
[[noreturn]] void violate(std::string invariant, fmt::format_string<Args...> format, Args&&... args) {
  throw Violation{std::move(invariant), fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace myelin::sim
