/// Where messages end that nobody took: counted by cause, the last ones kept, and told to whoever asks to know.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "myelin/base/identity.hpp"
#include "myelin/base/result.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin {

/// One message, or one batch, that was not handled.
struct DeadLetter {
  Errc cause;
  AgentId receiver;          ///< Whom it was meant for; 0 when that is unknown.
  Frame frame = {};          ///< Null where only an error was undeliverable.
  std::size_t messages = 0;  ///< How many of the frame's messages; 0 stands for all of them.
  std::size_t first = 0;     ///< The first of these in the frame.
};

/// **Thread-safety**: thread-safe.
class DeadLetters {
 public:
  /// How many letters recent() can show.
  static constexpr std::size_t kRecentMax = 64;

  using Observer = std::function<void(const DeadLetter&)>;

  /// Messages (not batches) that died of `cause` so far.
  [[nodiscard]] std::uint64_t count(Errc cause) const noexcept;
  /// Frames larger than this are not kept: recent() shows their letters without them.
  static constexpr std::size_t kKeptBytesMax = 64 * 1024;

  /// The last letters, oldest first.
  [[nodiscard]] std::vector<DeadLetter> recent() const;
  /// Calls `observer` for each letter from now on, on the thread where it died. It must not block or throw.
  void observe(Observer observer);

  void add(DeadLetter letter) noexcept;

 private:
  static constexpr std::size_t kCauses = 64;
  std::array<std::atomic<std::uint64_t>, kCauses> counts_{};
  mutable std::mutex mutex_;
  std::deque<DeadLetter> recent_;
  std::vector<Observer> observers_;
};

}  // namespace myelin
