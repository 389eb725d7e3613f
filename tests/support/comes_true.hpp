/// Waiting for what happens on other threads, or in other processes.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace myelin::test {

/// Whether the condition holds within a minute: generous, for nothing waits so long but on failure.
inline bool comes_true(const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

}  // namespace myelin::test
