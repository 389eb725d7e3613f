#include "myelin/consensus/workers.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace myelin::consensus {

class ThreadWorkers::Impl {
 public:
  explicit Impl(std::size_t threads) {
    for (std::size_t worker = 1; worker < threads; ++worker) {
      threads_.emplace_back([this, worker] { wait_and_work(worker); });
    }
  }
  ~Impl() {
    {
      const std::lock_guard lock{mutex_};
      is_stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  [[nodiscard]] std::size_t size() const noexcept { return threads_.size() + 1; }

  void run(const std::function<void(std::size_t)>& work) {
    if (threads_.empty()) return work(0);
    {
      const std::lock_guard lock{mutex_};
      work_ = &work;
      ++run_;
      busy_ = threads_.size();
    }
    changed_.notify_all();
    work(0);
    std::unique_lock lock{mutex_};
    rested_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  void wait_and_work(std::size_t worker) {
    std::uint64_t seen = 0;
    std::unique_lock lock{mutex_};
    while (true) {
      changed_.wait(lock, [&] { return is_stopping_ || run_ != seen; });
      if (is_stopping_) return;
      seen = run_;
      const auto& work = *work_;
      lock.unlock();
      work(worker);
      lock.lock();
      if (--busy_ == 0) rested_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable rested_;
  const std::function<void(std::size_t)>* work_ = nullptr;
  std::uint64_t run_ = 0;
  std::size_t busy_ = 0;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

ThreadWorkers::ThreadWorkers(std::size_t threads) : impl_{std::make_unique<Impl>(threads)} {}
ThreadWorkers::~ThreadWorkers() = default;
std::size_t ThreadWorkers::size() const noexcept { return impl_->size(); }
void ThreadWorkers::run(const std::function<void(std::size_t worker)>& work) { impl_->run(work); }

}  // namespace myelin::consensus
