/// The coroutines of one agent: those that wait, and those that are to go on.
#pragma once

#include <cstddef>

#include "myelin/actors/task.hpp"

namespace myelin {

/// Owns the root coroutines of an agent, and resumes coroutines one after another.
///
/// **Thread-safety**: actor-confined.
class Tasks {
 public:
  Tasks() noexcept;
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;
  ~Tasks() { destroy_all(); }

  /// Takes over a coroutine that nobody awaits, and lets it run until it first waits. `question`: whose question it
  /// works for, if any.
  /// **Errors**: what leaves the coroutine before it waits passes through; it is destroyed first.
  void start(detail::TaskPromise& root, QuestionKey question);
  /// Lets a coroutine go on until it waits, and with it those that then can go on too.
  /// **Errors**: what leaves a root passes through; the root is destroyed first.
  void resume(detail::TaskPromise& promise);
  /// The same, called while one runs: it goes on when that one waits.
  void go_next(detail::TaskPromise& promise) noexcept { promise.ReadyLink::insert_after(ready_); }
  /// A root has come to its end.
  void ended(detail::TaskPromise& root) noexcept { ended_ = &root; }

  /// How many roots have not ended.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Destroys the root that works for this question; its Reply, dropped, still ends the question. False if there is
  /// none, also where the question was answered by co_return. **Requires**: none of the agent's coroutines runs.
  /// **Cost**: linear in size().
  bool destroy(QuestionKey question) noexcept;
  /// Destroys all, the youngest first; what is started from then on is destroyed unrun. **Requires**: none runs.
  void destroy_all() noexcept;

 private:
  void run();
  void end(detail::TaskPromise& root);
  void destroy(detail::TaskPromise& root) noexcept;

  detail::TaskLink roots_;  // heads of rings
  detail::TaskLink ready_;
  detail::TaskPromise* ended_ = nullptr;
  std::size_t size_ = 0;
  bool running_ = false;
  bool ending_ = false;
};

}  // namespace myelin
