#include "bench/savina/questions.hpp"

#include <condition_variable>
#include <ctime>
#include <mutex>

namespace myelin::tool::savina {

void rest_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  static_cast<void>(never.wait_for(lock, stop, time, [] { return false; }));
}

double used_while_resting(std::chrono::milliseconds time, const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const std::clock_t used_before = std::clock();  // Of all threads.
  rest_for(time, stop);
  const double used = static_cast<double>(std::clock() - used_before) / static_cast<double>(CLOCKS_PER_SEC);
  return used / std::chrono::duration<double>(Clock::now() - start).count() * 100.0;
}

}  // namespace myelin::tool::savina
