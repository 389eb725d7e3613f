/// The other process of `myelin bench network`: this program started anew.
#pragma once

#include <string>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"
#include "process/line_child.hpp"

namespace myelin::tool {

/// Owns the process: destroyed, it ends it. **Thread-safety**: thread-compatible.
class FarProcess {
 public:
  /// Returns when it listens. `credentials`: as NetworkSide::serve.
  /// **Errors**: io_error, timeout.
  [[nodiscard]] static Result<FarProcess> start(std::string_view side, const std::string& credentials = {});

  /// What it has said: where it listens.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] Duration ready_after() const noexcept { return ready_after_; }
  [[nodiscard]] LineChild& child() noexcept { return child_; }

 private:
  FarProcess(LineChild child, std::string address, Duration ready_after)
      : child_{std::move(child)}, address_{std::move(address)}, ready_after_{ready_after} {}

  LineChild child_;
  std::string address_;
  Duration ready_after_;
};

/// In that process: says where it listens, and returns when whoever has started it is gone.
void say_and_wait(std::string_view address);

}  // namespace myelin::tool
