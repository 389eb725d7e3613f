/// The other process of `myelin bench network`: this program started anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"
#include "process/line_child.hpp"

namespace myelin::tool {

/// Two processes of one side, and what they prove themselves with: folders; empty for no TLS.
struct PairSetup {
  std::string_view side;
  std::string near_credentials = {};
  std::string far_credentials = {};
};

/// Owns the process: destroyed, it ends it. **Thread-safety**: thread-compatible.
class FarProcess {
 public:
  /// Returns when it listens. `port`: 0 for a free one. **Errors**: io_error, timeout.
  [[nodiscard]] static Result<FarProcess> start(const PairSetup& setup, std::uint16_t port = 0);

  /// What it has said: where it listens.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  /// The number at the end of it.
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] Duration ready_after() const noexcept { return ready_after_; }

  /// Ends it in the middle of whatever it does, and returns when it has ended.
  void kill() noexcept { child_.kill(); }
  /// Stops it where it is, for ever, and returns when none of its threads runs.
  void halt() noexcept;

 private:
  FarProcess(LineChild child, std::string address, Duration ready_after)
      : child_{std::move(child)}, address_{std::move(address)}, ready_after_{ready_after} {}

  LineChild child_;
  std::string address_;
  Duration ready_after_;
};

/// In that process: says where it listens, and returns when whoever has started it is gone.
void say_and_wait(std::string_view address);

/// What an actor will say, and a thread waits for. Shared, for whoever says it may be the last to let go.
template <class T>
using Promised = std::shared_ptr<std::promise<Result<T>>>;
template <class T>
[[nodiscard]] Promised<T> promise() {
  return std::make_shared<std::promise<Result<T>>>();
}

/// As a number.
[[nodiscard]] inline double nanoseconds(Duration duration) {
  return std::chrono::duration<double, std::nano>(duration).count();
}

}  // namespace myelin::tool
