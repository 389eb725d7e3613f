#include "cli/crash_note.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>

namespace myelin::sim {

namespace {

constexpr std::size_t kJobs = 256;

// A seed plus one; 0 for none.
std::array<std::atomic<std::uint64_t>, kJobs>& seeds() noexcept {
  static std::array<std::atomic<std::uint64_t>, kJobs> all{};
  return all;
}

void put(const char* text, std::size_t size) noexcept {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, size);
}

// Only what is safe in a signal handler.
void write_seeds(int signal) {
  static constexpr char kHead[] = "\nmyelin-sim: crashed; the seeds that were running:";
  put(kHead, sizeof kHead - 1);
  for (const auto& running : seeds()) {
    std::uint64_t seed = running.load();
    if (seed-- == 0) continue;
    std::array<char, 24> digits{};
    std::size_t at = digits.size();
    do {
      digits[--at] = static_cast<char>('0' + seed % 10);
      seed /= 10;
    } while (seed > 0);
    digits[--at] = ' ';
    put(digits.data() + at, digits.size() - at);
  }
  put("\n", 1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

void CrashNote::install() noexcept {
  seeds();
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(signal, write_seeds);
}

void CrashNote::running(std::size_t job, std::uint64_t seed) noexcept { seeds()[job].store(seed + 1); }
void CrashNote::idle(std::size_t job) noexcept { seeds()[job].store(0); }

}  // namespace myelin::sim
