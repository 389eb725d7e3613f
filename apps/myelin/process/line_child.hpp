/// Another program that is asked by lines, and answers each with a line.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Owns the child: destroyed, it ends it. **Thread-safety**: thread-compatible.
class LineChild {
 public:
  /// Starts words[0], looked for in PATH, with the other words as arguments; its stderr is ours.
  /// **Errors**: not_found when there is no such program; io_error.
  [[nodiscard]] static Result<LineChild> start(const std::vector<std::string>& words);

  LineChild(LineChild&& other) noexcept
      : child_{std::exchange(other.child_, 0)},
        socket_{std::exchange(other.socket_, -1)},
        unread_{std::move(other.unread_)} {}
  LineChild& operator=(LineChild&&) = delete;
  ~LineChild();

  /// The next line that it writes, without its end. **Errors**: as ask().
  [[nodiscard]] Result<std::string> read_line(std::chrono::milliseconds limit);

  [[nodiscard]] pid_t id() const noexcept { return child_; }
  /// Asks it to end; what it still writes can be read.
  void interrupt() const noexcept;
  /// Ends it in the middle of whatever it does, and returns when it has ended.
  void kill() noexcept;

  /// Writes the line and returns the next one that the child writes, both without their line ends.
  /// **Errors**: io_error when the child has ended; timeout.
  [[nodiscard]] Result<std::string> ask(const std::string& line, std::chrono::milliseconds limit);

 private:
  LineChild(pid_t child, int socket) : child_{child}, socket_{socket} {}

  pid_t child_;
  int socket_;  ///< The child's stdin and stdout. No pipe: writing to a child that has ended must not raise SIGPIPE.
  std::string unread_;
};

}  // namespace myelin::tool
