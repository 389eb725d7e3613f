/// A simulated disk with one log on it: what was written and not synced is at risk, sector by sector.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/random.hpp"

namespace myelin::sim {

/// What became of the sectors that were written and not synced when the power went.
enum class TailFate : unsigned {
  kept,       ///< All arrived.
  lost,       ///< None did: the space allocated ahead holds zeros.
  cut_short,  ///< A beginning did, up to the end of some sector.
  torn,       ///< A beginning did, up to any byte.
  reordered,  ///< Any of the sectors did, in any order.
};
inline constexpr unsigned kTailFates = 5;

/// An append-only file in space that was allocated ahead. **Thread-safety**: thread-compatible.
class Disk {
 public:
  static constexpr std::size_t kSectorBytes = 512;

  enum class Outcome { done, no_space, io_error };

  explicit Disk(std::size_t capacity = SIZE_MAX) : capacity_{capacity} {}

  /// With no space left, a beginning of `bytes` is written.
  [[nodiscard]] Outcome append(std::span<const std::byte> bytes);
  [[nodiscard]] Outcome sync();

  /// What a reader finds, zeros at the end included.
  [[nodiscard]] std::span<const std::byte> content() const noexcept { return content_; }
  [[nodiscard]] std::size_t size() const noexcept { return content_.size(); }
  /// Up to here syncs have said that nothing can be lost; only a disk that lies loses any of it.
  [[nodiscard]] std::size_t promised() const noexcept { return promised_; }

  /// Cuts the file to what a reader found valid, durably.
  void truncate(std::size_t size);
  /// Replaces the whole file: written aside, synced, renamed. So it is all or nothing.
  void replace(std::vector<std::byte> content);

  /// The power goes: what is not durable meets its fate.
  void crash(TailFate fate, Random& random);
  /// One bit turns over, of what was synced. False where nothing was.
  bool flip_bit(Random& random);

  // Faults from now on.
  void fail_syncs() noexcept { syncs_fail_ = true; }
  void lie_on_syncs() noexcept { syncs_lie_ = true; }
  void set_capacity(std::size_t capacity) noexcept { capacity_ = capacity; }
  [[nodiscard]] bool syncs_lie() const noexcept { return syncs_lie_; }
  /// The disk was replaced or cleaned up: writes and syncs work again.
  void repair() noexcept;

 private:
  std::vector<std::byte> content_;
  std::size_t durable_ = 0;
  std::size_t promised_ = 0;
  std::size_t capacity_;
  bool syncs_fail_ = false;
  bool syncs_lie_ = false;
};

}  // namespace myelin::sim
