/// Threads that help the caller with one large kernel. They never take the machine from agents: see `run`.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "myelin/base/result.hpp"

namespace myelin::kernels {

/// The most threads that may work on one call, the caller's among them.
inline constexpr std::size_t kWorkersMax = 64;

struct WorkersOptions {
  /// Threads that work on one call, the caller's among them: 1 makes no thread at all.
  std::size_t threads = 2;
  /// The helpers' nice value, 0 to 19. With 10 a helper that shares a core with an agent gets a tenth of it.
  int niceness = 10;
};

/// A bounded set of threads that take pieces of a caller's work. They sleep between calls, but look out for 50 us after
/// each: the next is often not far. A call keeps them off its own processor, where it has another: a helper that waits
/// for the caller's does not help. So their affinity is what Workers::make's caller had, but for that one.
///
/// The caller works too, and what no helper has begun it does itself. So a call ends even if every helper is kept from
/// running; it waits only for pieces that a helper has in hand. One call at a time has helpers: a call that comes
/// meanwhile is done by its own thread alone.
/// **Thread-safety**: thread-safe; destroyed after the last call has returned.
class Workers {
 public:
  /// **Errors**: invalid_argument for threads of 0 or more than kWorkersMax, or a niceness outside of 0 to 19;
  /// backend_unavailable when the system has no threads left.
  [[nodiscard]] static Result<std::unique_ptr<Workers>> make(WorkersOptions options);

  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  /// The caller's among them.
  [[nodiscard]] std::size_t threads() const noexcept;

  /// Runs `piece(index, seat)` for every index below `pieces`, on several threads at once, and returns when all are
  /// done. `seat` is below threads(), and no two pieces that run at once have the same: work memory goes by it.
  /// **Requires**: `piece` does not throw. What it computes must not depend on its seat.
  /// **Cost**: with helpers about 50 us, mostly to wake them.
  void run(std::size_t pieces, const std::function<void(std::size_t piece, std::size_t seat)>& piece);

 private:
  struct Team;
  explicit Workers(std::unique_ptr<Team> team);

  std::unique_ptr<Team> team_;
};

}  // namespace myelin::kernels
