/// What handles to a cluster hold, for it may end before they do.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "core.hpp"
#include "myelin/cluster/directory.hpp"

namespace myelin::cluster {

/// **Thread-safety**: thread-safe.
class Directory::Gate {
 public:
  explicit Gate(Core& core) : core_{&core} {}

  /// Keeps the cluster from ending; false once it has. Not to be nested: whoever waits to close would hold up the
  /// inner.
  class Use {
   public:
    explicit Use(const std::shared_ptr<Gate>& gate) : gate_{gate} {
      if (gate_ == nullptr) return;
      lock_ = std::shared_lock{gate_->mutex_};
      core_ = gate_->core_;
    }
    [[nodiscard]] explicit operator bool() const noexcept { return core_ != nullptr; }
    [[nodiscard]] Core* operator->() const noexcept { return core_; }
    [[nodiscard]] Core& operator*() const noexcept { return *core_; }

   private:
    std::shared_ptr<Gate> gate_;
    std::shared_lock<std::shared_mutex> lock_;
    Core* core_ = nullptr;
  };

  void close() noexcept {
    const std::lock_guard guard{mutex_};
    core_ = nullptr;
  }

 private:
  std::shared_mutex mutex_;
  Core* core_;
};

}  // namespace myelin::cluster
