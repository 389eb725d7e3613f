/// Where a node's view of the cluster hangs, for all its threads.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "myelin/base/time.hpp"
#include "myelin/cluster/view.hpp"

namespace myelin::cluster {

/// **Thread-safety**: thread-safe.
class Board {
 public:
  [[nodiscard]] std::shared_ptr<const View> view() const {
    const std::lock_guard guard{mutex_};
    return view_;
  }
  /// Returns whether it says something new.
  bool show(View view) {
    {
      const std::lock_guard guard{mutex_};
      if (*view_ == view) return false;
      view_ = std::make_shared<const View>(std::move(view));
    }
    changed_.notify_all();
    return true;
  }
  /// Waits until the view is as `condition` wants it. False if it is not by then.
  template <class Condition>
  [[nodiscard]] bool wait(Condition&& condition, Duration limit) const {
    std::unique_lock guard{mutex_};
    return changed_.wait_until(guard, time_after(Clock::now(), limit), [&] { return condition(*view_); });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::shared_ptr<const View> view_ = std::make_shared<const View>();
};

}  // namespace myelin::cluster
