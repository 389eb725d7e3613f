/// What became of the transfers, as the agents write it down and the one who watches reads it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

#include "bench/statistics.hpp"
#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"

namespace myelin::ledger {

/// Transfers by what became of them. All but `unknown` are certain.
struct Outcomes {
  std::uint64_t moved = 0;
  std::uint64_t short_of_funds = 0;       ///< The group answered that the payer has too little: nothing was moved.
  std::map<Errc, std::uint64_t> refused;  ///< Not executed, by cause.
  std::uint64_t unknown = 0;              ///< Executed or not, or yet to be.

  /// Answered by the group.
  [[nodiscard]] std::uint64_t answered() const noexcept { return moved + short_of_funds; }
  [[nodiscard]] std::uint64_t all_refused() const noexcept;
  /// All that were asked for.
  [[nodiscard]] std::uint64_t asked() const noexcept { return answered() + all_refused() + unknown; }
};

/// **Thread-safety**: thread-safe.
class Record {
 public:
  /// What the memory said to a transfer, and how long that took.
  void add(const Result<void>& said, Duration latency);
  /// An agent makes no more transfers.
  void agent_ended();

  /// Agents make transfers until it is closed.
  void close() noexcept { is_closed_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_.load(std::memory_order_relaxed); }

  [[nodiscard]] Outcomes outcomes() const;
  /// Latencies of the answered ones since this was last asked: they are handed over.
  [[nodiscard]] tool::Latencies take_latencies();
  /// Waits until so many agents have ended; false if they had not by then.
  [[nodiscard]] bool wait_for_agents(std::size_t agents, Duration limit);
  [[nodiscard]] std::size_t agents_ended() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  Outcomes outcomes_;
  tool::Latencies latencies_;
  std::size_t agents_ended_ = 0;
  std::atomic<bool> is_closed_{false};
};

}  // namespace myelin::ledger
