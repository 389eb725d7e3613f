#include "tasks.hpp"

#include <utility>

namespace myelin {

namespace {

detail::TaskPromise& root_at(detail::TaskLink* link) noexcept {
  return static_cast<detail::TaskPromise&>(static_cast<detail::RootLink&>(*link));
}
detail::TaskPromise& ready_at(detail::TaskLink* link) noexcept {
  return static_cast<detail::TaskPromise&>(static_cast<detail::ReadyLink&>(*link));
}

void make_ring(detail::TaskLink& head) noexcept { head.previous = head.next = &head; }

/// Appends what is in one ring to another.
void move_all(detail::TaskLink& from, detail::TaskLink& to) noexcept {
  if (from.next == &from) return;
  from.next->previous = to.previous;
  from.previous->next = &to;
  to.previous->next = from.next;
  to.previous = from.previous;
  make_ring(from);
}

}  // namespace

Tasks::Tasks() noexcept {
  make_ring(roots_);
  make_ring(ready_);
}

void Tasks::start(detail::TaskPromise& root, QuestionKey question) {
  root.tasks = this;
  root.question = question;
  root.RootLink::insert_after(roots_);
  ++size_;
  if (ending_) return destroy(root);
  // Where a coroutine starts it, the others that are ready go on after the caller, not before it.
  struct SetAside {
    explicit SetAside(detail::TaskLink& ring) noexcept : ready{ring} {
      make_ring(others);
      move_all(ready, others);
    }
    ~SetAside() { move_all(others, ready); }
    detail::TaskLink& ready;
    detail::TaskLink others;
  };
  const SetAside set_aside{ready_};
  go_next(root);
  run();
}

void Tasks::resume(detail::TaskPromise& promise) {
  go_next(promise);
  if (!running_) run();
}

void Tasks::run() {
  struct Running {
    explicit Running(bool& flag) noexcept : flag_{flag}, before_{std::exchange(flag, true)} {}
    ~Running() { flag_ = before_; }
    bool& flag_;
    bool before_;
  };
  const Running running{running_};
  while (ready_.next != &ready_) {
    detail::TaskPromise& next = ready_at(ready_.next);
    next.ReadyLink::unlink();
    next.handle.resume();
    if (ended_ != nullptr) end(*std::exchange(ended_, nullptr));
  }
}

void Tasks::end(detail::TaskPromise& root) {
  if (root.exception == nullptr) return destroy(root);
  struct Destroy {
    ~Destroy() { tasks.destroy(root); }
    Tasks& tasks;
    detail::TaskPromise& root;
  };
  const std::exception_ptr exception = root.exception;
  // Destroyed while the exception passes: so do the Replies in it know that they were not forgotten.
  const Destroy destroy_root{*this, root};
  std::rethrow_exception(exception);
}

void Tasks::destroy(detail::TaskPromise& root) noexcept {
  root.RootLink::unlink();
  --size_;
  detail::TaskPromise::destroy(&root);
}

bool Tasks::destroy(QuestionKey question) noexcept {
  if (question.port == nullptr) return false;
  for (detail::TaskLink* link = roots_.next; link != &roots_; link = link->next) {
    if (root_at(link).question == question) {
      destroy(root_at(link));
      return true;
    }
  }
  return false;
}

void Tasks::destroy_all() noexcept {
  ending_ = true;
  while (roots_.next != &roots_) destroy(root_at(roots_.next));
}

namespace detail {

void TaskPromise::wake() { tasks->resume(*this); }

void TaskPromise::begin(Waker& to_wake) {
  waker = &to_wake;
  tasks = to_wake.tasks;
  tasks->go_next(*this);
}

void TaskPromise::finish() noexcept {
  if (waker != nullptr) {
    waker->wake();
  } else {
    tasks->ended(*this);
  }
}

void TaskPromise::destroy(TaskPromise* promise) noexcept {
  TaskPromise* innermost = promise;
  while (innermost->awaited != nullptr) innermost = innermost->awaited;
  // One by one: as deep as they are nested, the stack does not grow.
  while (innermost != promise) {
    auto* caller = static_cast<TaskPromise*>(innermost->waker);
    caller->awaited = nullptr;
    *innermost->owner = nullptr;
    innermost->handle.destroy();
    innermost = caller;
  }
  promise->handle.destroy();
}

}  // namespace detail

}  // namespace myelin
