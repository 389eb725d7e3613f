/// The end of a program, told by one of its agents and awaited by the thread that started it.
#pragma once

#include <chrono>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>

#include "bench/savina/work.hpp"

namespace myelin::tool::savina {

/// A program that ended with a wrong result, or not at all: there is no figure then.
class Failed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// **Thread-safety**: start() before anything else; finish() once, on any thread; wait() once.
class Outcome {
 public:
  using Clock = std::chrono::steady_clock;

  void start() { start_ = Clock::now(); }
  void finish(std::uint64_t result) {
    finish_.set_value({std::chrono::duration<double, std::nano>(Clock::now() - start_).count(), result});
  }

  /// Nothing if the program did not finish in time.
  [[nodiscard]] std::optional<Finish> wait() {
    // A thousand times what the largest program takes: it hangs.
    constexpr std::chrono::minutes kLimit{5};
    std::future<Finish> finish = finish_.get_future();
    if (finish.wait_for(kLimit) != std::future_status::ready) return std::nullopt;
    return finish.get();
  }

 private:
  Clock::time_point start_;
  std::promise<Finish> finish_;
};

}  // namespace myelin::tool::savina
