#include "process/interrupt.hpp"

#include <unistd.h>

#include <csignal>
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

void write_to_stderr(std::string_view text) {
  // A closed stderr must not stop the exit that this announces.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
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
      write_to_stderr("\nmyelin: stopped at once by a second interrupt\n");
      _exit(kExitInterrupted);
    }
    write_to_stderr("\nmyelin: stopping (interrupt again to stop at once)\n");
    stop_.request_stop();
  }
}

}  // namespace myelin::tool
