/// What happened, for people: one line an event, in columns of virtual time, who, and what.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "engine/schedule.hpp"
#include "myelin/consensus/types.hpp"

/// So that a name is made into text only where it is written down.
template <>
struct fmt::formatter<myelin::consensus::VertexRef> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const myelin::consensus::VertexRef& ref, Context& context) const {
    return fmt::formatter<std::string_view>::format(to_string(ref), context);
  }
};

namespace myelin::sim {

/// Keeps the last lines. Off, it formats nothing: a run that fails is run again with it on, which costs less than
/// writing down every run that does not. **Thread-safety**: thread-compatible.
class Timeline {
 public:
  /// `lines`: how many are kept; 0 for none.
  Timeline(const Schedule& schedule, std::size_t lines) : schedule_{schedule}, lines_max_{lines} {}

  [[nodiscard]] bool on() const noexcept { return lines_max_ > 0; }

  template <class... Args>
  void note(std::string_view who, fmt::format_string<Args...> format, Args&&... args) {
    if (on()) add(who, fmt::format(format, std::forward<Args>(args)...));
  }

  /// The lines, each with a newline; where earlier ones were dropped, it says how many.
  [[nodiscard]] std::string text() const;

 private:
  void add(std::string_view who, std::string what);

  const Schedule& schedule_;
  std::size_t lines_max_;
  std::deque<std::string> lines_;
  std::uint64_t dropped_ = 0;
};

/// "12.345678 s", as the timeline writes times.
[[nodiscard]] std::string format_time(Duration time);

}  // namespace myelin::sim
