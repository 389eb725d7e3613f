/// Ctrl-C, or the end of the terminal, as a stop token: the first asks the work to stop, the second Ctrl-C ends the
/// process at once.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace myelin::tool {

/// The exit status of an interrupted command, as shells report SIGINT (128 + 2).
inline constexpr int kExitInterrupted = 130;

/// Takes SIGINT, SIGTERM, and SIGHUP (the terminal is gone) unless it is ignored (nohup), for the process, on a thread
/// that sleeps in sigwait(): no code runs in a signal handler, so nothing there has to be async-signal-safe, and no
/// system call elsewhere is cut short.
/// **Requires**: made in main() before any other thread, which then inherits the blocked signals; one at a time.
/// **Thread-safety**: thread-safe.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  /// Stop is requested on it at the first signal. Long work polls it, or registers a std::stop_callback.
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }
  [[nodiscard]] bool requested() const { return stop_.stop_requested(); }

 private:
  void wait_for_signals();

  std::stop_source stop_;
  std::atomic<bool> closing_{false};
  std::thread watcher_;
};

}  // namespace myelin::tool
