/// Progress of long work, on stderr: one live line for a person, plain lines at a modest rate for a log.
#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include "terminal/terminal.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-compatible; one thread reports.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds kLiveInterval{100};    ///< 10 rewrites a second read as smooth.
  static constexpr std::chrono::milliseconds kPlainInterval{2000};  ///< A log gets 30 lines a minute at most.

  /// Writes nothing at all when `quiet`. `now` is the clock, a parameter for tests.
  Progress(const Terminal& terminal, bool quiet, std::function<Clock::time_point()> now = &Clock::now);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// Where the work stands. Skipped when the last line is younger than the interval.
  void update(std::string_view text);

  /// A line that stays, always written; the live line goes on below it.
  void note(std::string_view text);

  /// Removes the live line, so that results print on a clean one. Called by the destructor too.
  void clear();

 private:
  std::FILE* stream_;
  bool live_;
  bool quiet_;
  std::size_t columns_;
  std::function<Clock::time_point()> now_;
  Clock::time_point last_{};
  bool written_ = false;
  bool line_is_open_ = false;
};

}  // namespace myelin::tool
