/// Where messages end that nobody took: counted by cause, the last ones kept, and told to whoever asks to know.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "myelin/actors/agent_ref.hpp"
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
  /// Of all causes.
  [[nodiscard]] std::uint64_t total() const noexcept;
  /// Frames larger than this are not kept: recent() shows their letters without them.
  static constexpr std::size_t kKeptBytesMax = 64 * 1024;

  /// The last letters, oldest first.
  [[nodiscard]] std::vector<DeadLetter> recent() const;
  /// Ends a subscription when it is destroyed. After that the observer is not called any more, and is not being called
  /// on another thread. **Requires**: destroyed before the mesh, or detached.
  class [[nodiscard]] Subscription {
   public:
    Subscription() noexcept = default;
    Subscription(Subscription&& other) noexcept
        : letters_{std::exchange(other.letters_, nullptr)}, observer_{std::move(other.observer_)} {}
    Subscription& operator=(Subscription other) noexcept {
      std::swap(letters_, other.letters_);
      observer_.swap(other.observer_);
      return *this;
    }
    ~Subscription();
    /// Lasts as long as the mesh from now on.
    void detach() noexcept {
      letters_ = nullptr;
      observer_.reset();
    }

   private:
    friend class DeadLetters;
    struct Observed;
    Subscription(DeadLetters* letters, std::shared_ptr<Observed> observer) noexcept
        : letters_{letters}, observer_{std::move(observer)} {}
    DeadLetters* letters_ = nullptr;
    std::shared_ptr<Observed> observer_;
  };

  /// Calls `observer` for each letter from now on, on the thread where it died. It must not block or throw. What
  /// dies during such a call is counted and kept, but told to nobody.
  Subscription observe(Observer observer);
  /// Tells an agent of each letter from now on, with a schema::DeadLetterNotice of the bulk lane: but not of notices
  /// that died themselves, nor of what it failed to handle itself.
  Subscription tell(const AgentRef& subscriber);

  void add(DeadLetter letter) noexcept;
  /// Forgets all observers.
  void end_subscriptions() noexcept;

 private:
  static constexpr std::size_t kCauses = 128;
  std::array<std::atomic<std::uint64_t>, kCauses> counts_{};
  mutable std::mutex mutex_;
  std::deque<DeadLetter> recent_;
  std::vector<std::shared_ptr<Subscription::Observed>> observers_;
};

}  // namespace myelin
