/// Threads that execute a block together, lent by whoever has some.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace myelin::consensus {

/// Runs the same function on several threads. **Thread-safety**: run() from one thread at a time.
class Workers {
 public:
  virtual ~Workers() = default;
  /// Threads that take part in a run(), the caller's own among them; at least 1.
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
  /// Calls `work(0)`, ..., `work(size() - 1)`, each on a thread of its own, the first on the caller's. Returns when all
  /// have returned. **Requires**: `work` does not throw.
  virtual void run(const std::function<void(std::size_t worker)>& work) = 0;
};

/// Workers with threads of their own, which sleep between runs.
class ThreadWorkers final : public Workers {
 public:
  /// `threads`: in all; with 1 there is only the caller's. **Requires**: at least 1.
  explicit ThreadWorkers(std::size_t threads);
  ThreadWorkers(const ThreadWorkers&) = delete;
  ThreadWorkers& operator=(const ThreadWorkers&) = delete;
  ~ThreadWorkers() override;

  [[nodiscard]] std::size_t size() const noexcept override;
  void run(const std::function<void(std::size_t worker)>& work) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin::consensus
