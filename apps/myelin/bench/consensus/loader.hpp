/// An agent that puts values into the shared memory as fast as it is told to, and measures how long that takes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "bench/statistics.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/memory/memory.hpp"

namespace myelin::tool {

/// What is asked of a group.
struct Load {
  std::size_t transaction_bytes = 512;  ///< Of a put in its batch, encoded.
  std::size_t transactions_a_call = 100;
  /// Calls that wait for their answer at once: a further one is made for each that was answered. 0 in an open loop.
  std::size_t calls_open = 16;
  /// Transactions a second, whatever becomes of them: an open loop. 0 in a closed one.
  double offered = 0;
  /// Calls at all, in a closed loop; 0: without end.
  std::uint64_t calls_max = 0;
};

/// What came of it, shared with the thread that measures. **Thread-safety**: thread-safe.
class LoadSheet {
 public:
  struct Counts {
    std::uint64_t transactions = 0;  ///< Executed, by calls that were answered.
    std::uint64_t failed_calls = 0;
    Latencies latencies;  ///< Of answered calls; in an open loop from when they were due.
  };
  /// Forgets what was counted so far.
  void begin();
  [[nodiscard]] Counts end();
  [[nodiscard]] std::uint64_t transactions() const;
  void add(bool is_answered, std::size_t transactions, Duration latency);

  void close() noexcept { is_closed_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  Counts counts_;
  std::atomic<bool> is_closed_{false};
};

/// **Thread-safety**: actor-confined.
class Loader final : public Agent {
 public:
  Loader(Memory memory, const Load& load, std::shared_ptr<LoadSheet> sheet);

  void on_start() override;

 private:
  void call(TimePoint due);
  void call_what_is_due();

  Memory memory_;
  Load load_;
  std::shared_ptr<LoadSheet> sheet_;
  std::mt19937_64 random_{1};
  std::vector<std::string> keys_;
  std::string value_;
  TimePoint began_{};
  std::uint64_t calls_made_ = 0;
};

/// How long a value must be for a put of it to take so many bytes of a batch.
[[nodiscard]] std::size_t value_bytes_for(std::size_t transaction_bytes);

}  // namespace myelin::tool
