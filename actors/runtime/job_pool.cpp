#include "job_pool.hpp"

#include <utility>

#include "turn_context.hpp"

namespace myelin {

JobPool::JobPool(std::size_t threads) {
  threads_.reserve(threads);
  for (std::size_t index = 0; index < threads; ++index) threads_.emplace_back([this] { run(); });
}

void JobPool::post(std::function<void()> job) {
  if (threads_.empty()) {
    job();
    return;
  }
  {
    const std::lock_guard guard{mutex_};
    if (!stopping_) {
      jobs_.push_back(std::move(job));
      changed_.notify_one();
      return;
    }
  }
  const AgentEnds ends;
  job = nullptr;
}

bool JobPool::stop(TimePoint deadline) {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard guard{mutex_};
    stopping_ = true;
    dropped.swap(jobs_);
  }
  changed_.notify_all();
  {
    const AgentEnds ends;  // so that the Replies that went with the jobs say why
    dropped.clear();
  }
  {
    std::unique_lock guard{mutex_};
    if (!rested_.wait_until(guard, deadline, [this] { return busy_ == 0; })) {
      for (auto& thread : threads_) thread.detach();  // nobody will join them
      return false;
    }
  }
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  return true;
}

void JobPool::run() {
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock guard{mutex_};
      changed_.wait(guard, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      ++busy_;
    }
    job();
    job = nullptr;
    const std::lock_guard guard{mutex_};
    --busy_;
    rested_.notify_all();
  }
}

}  // namespace myelin
