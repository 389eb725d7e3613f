/// CAF's multiplexer on a thread of its own, with timers.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include <caf/io/network/default_multiplexer.hpp>

#include "myelin/base/time.hpp"

namespace myelin::network {

/// **Thread-safety**: post() is thread-safe; the rest is called on the loop's thread, but for stop().
class EventLoop : public std::enable_shared_from_this<EventLoop> {
 public:
  /// Starts the thread.
  [[nodiscard]] static std::shared_ptr<EventLoop> start(caf::actor_system& system);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  [[nodiscard]] caf::io::network::default_multiplexer& multiplexer() noexcept { return multiplexer_; }

  /// Runs `call` on the loop's thread, never at once. Drops it once stop() was called.
  template <class Call>
  void post(Call call) {
    if (!stopped_.load(std::memory_order_acquire)) multiplexer_.post(std::move(call));
  }
  /// Runs `call` on the loop's thread at that time, or soon after.
  void at(TimePoint when, std::function<void()> call);

  /// Ends the loop when everything was taken out of it, and waits for that. **Requires**: called once, on another
  /// thread; whoever has put event handlers in takes them out.
  void stop();

 private:
  class Timer;
  explicit EventLoop(caf::actor_system& system);
  void arm();
  void run_due();

  caf::io::network::default_multiplexer multiplexer_;
  caf::io::network::multiplexer::supervisor_ptr keeps_running_;
  std::unique_ptr<Timer> timer_;
  std::multimap<TimePoint, std::function<void()>> calls_;
  TimePoint armed_ = kNever;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace myelin::network
