#include "engine/timeline.hpp"

namespace myelin::sim {

std::string format_time(Duration time) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  return fmt::format("{}.{:06} s", microseconds / 1'000'000, microseconds % 1'000'000);
}

void Timeline::add(std::string_view who, std::string what) {
  if (lines_.size() == lines_max_) {
    lines_.pop_front();
    ++dropped_;
  }
  lines_.push_back(fmt::format("{:>14}  {:<9} {}", format_time(schedule_.now()), who, what));
}

std::string Timeline::text() const {
  std::string text;
  if (dropped_ > 0) text += fmt::format("  ({} lines before; --timeline prints all)\n", dropped_);
  for (const std::string& line : lines_) text += line + '\n';
  return text;
}

}  // namespace myelin::sim
