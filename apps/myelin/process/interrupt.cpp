#include "process/interrupt.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <string_view>

namespace myelin::tool {

namespace {

/// nohup says so.
bool is_hangup_ignored() {
  struct sigaction action {};
  return ::sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (!is_hangup_ignored()) sigaddset(&signals, SIGHUP);
  return signals;
}

/// A terminal's line has the "^C" that was typed.
void write_line_to_stderr(std::string_view text) {
  const std::string line = fmt::format("{}{}\n", ::isatty(STDERR_FILENO) == 1 ? "\n" : "", text);
  // A closed stderr must not stop the exit that this announces.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t signals = watched_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  watcher_ = std::thread{[this] { wait_for_signals(); }};
}

Interrupt::~Interrupt() {
  closing_ = true;
  pthread_kill(watcher_.native_handle(), SIGTERM);
  watcher_.join();
  const sigset_t signals = watched_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void Interrupt::wait_for_signals() {
  const sigset_t signals = watched_signals();
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (closing_) return;
    // A session that ends says it twice: the terminal does, and its shell. Nobody is in haste.
    if (signal == SIGHUP && stop_.stop_requested()) continue;
    if (stop_.stop_requested()) {
      write_line_to_stderr("myelin: stopped at once by a second interrupt");
      _exit(kExitInterrupted);
    }
    // For people; a journal has what the command itself logs.
    if (::isatty(STDERR_FILENO) == 1) write_line_to_stderr("myelin: stopping (interrupt again to stop at once)");
    stop_.request_stop();
  }
}

}  // namespace myelin::tool
