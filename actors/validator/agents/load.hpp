/// What somebody has a validator hold in memory, counted for as long as it does.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace myelin::validator {

/// Bytes that wait because of one sender, or of several that share a bound. **Thread-safety**: thread-safe.
using LoadAccount = std::atomic<std::size_t>;

/// A part of an account, given back when this goes. **Requires**: the account lives longer. **Thread-safety**:
/// thread-compatible.
class Load {
 public:
  /// Of nobody, who is not bounded.
  Load() noexcept = default;
  /// Nothing where the account would hold more than `bytes_max`. One that holds nothing takes a thing of any size.
  [[nodiscard]] static std::optional<Load> take(LoadAccount& account, std::size_t bytes, std::size_t bytes_max) {
    const std::size_t before = account.fetch_add(bytes);
    Load load{account, bytes};  // gives it back where it is not taken
    if (before > 0 && before + bytes > bytes_max) return std::nullopt;
    return load;
  }

  Load(Load&& other) noexcept
      : account_{std::exchange(other.account_, nullptr)}, bytes_{std::exchange(other.bytes_, 0)} {}
  Load& operator=(Load&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Load() {
    if (account_ != nullptr) account_->fetch_sub(bytes_);
  }

 private:
  Load(LoadAccount& account, std::size_t bytes) noexcept : account_{&account}, bytes_{bytes} {}

  LoadAccount* account_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace myelin::validator
