/// Tells whoever has started this process that it is ready, and that it stops.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "myelin/base/result.hpp"
#include "process/environment.hpp"

namespace myelin::tool {

/// By a descriptor that was handed over, and by systemd's protocol (sd_notify(3)), where NOTIFY_SOCKET says so.
/// **Thread-safety**: thread-compatible.
class Readiness {
 public:
  /// **Errors**: invalid_argument for a descriptor that is not open for writing.
  [[nodiscard]] static Result<Readiness> create(std::optional<int> descriptor, const Environment& environment);

  /// Writes "ready\n" to the descriptor, closes it, and tells systemd, with a line for its status.
  /// **Errors**: io_error: nobody may know that this is ready.
  [[nodiscard]] Result<void> ready(std::string_view status);
  void stopping();

 private:
  Readiness(std::optional<int> descriptor, std::string socket) : descriptor_{descriptor}, socket_{std::move(socket)} {}
  [[nodiscard]] Result<void> notify(std::string_view message) const;

  std::optional<int> descriptor_;
  std::string socket_;  // empty where systemd has not started this
};

}  // namespace myelin::tool
