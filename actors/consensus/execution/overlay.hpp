/// The state as it would be after transactions that were executed ahead of their commitment.
#pragma once

#include <map>
#include <span>
#include <string_view>

#include "execution/arena.hpp"
#include "execution/execute.hpp"
#include "execution/state_table.hpp"

namespace myelin::consensus {

/// **Thread-safety**: thread-compatible. **Requires**: the state below stays as it is, and the tasks' batches live,
/// until the overlay has been put into it or given up.
class Overlay {
 public:
  explicit Overlay(StateTable& below) noexcept : below_{below} {}

  /// **Requires**: the state has room for whatever the tasks write.
  void execute(WallTime time, std::span<const Task> tasks);
  /// Whether the commit's time made a difference, or could have.
  [[nodiscard]] bool has_asked_time() const noexcept { return has_asked_time_; }
  /// Puts all that was written into the state below.
  void promote();

 private:
  class View;

  StateTable& below_;
  Arena arena_;
  std::map<std::string_view, Cell> written_;
  bool has_asked_time_ = false;
};

}  // namespace myelin::consensus
