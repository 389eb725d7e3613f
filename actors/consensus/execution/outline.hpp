/// What is to be known of many transactions before they run, summed up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "execution/execute.hpp"
#include "execution/growth.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin::consensus {

/// Made where transactions are decoded, on many threads and while they are in the cache. **Thread-safety**:
/// thread-compatible.
struct Outline {
  std::size_t count = 0;
  std::uint64_t work = 0;  ///< The sum of work_of().
  Growth growth;
  std::size_t reply_bytes_max = 0;
  std::size_t malformed = 0;
  bool are_keys_named = true;  ///< All of them.
  bool has_ranges = false;
  bool has_reconfigurations = false;

  [[nodiscard]] static Outline of(std::span<const Transaction> transactions) noexcept {
    Outline outline;
    for (const Transaction& transaction : transactions) outline.add(transaction);
    return outline;
  }
  [[nodiscard]] static Outline of(std::span<const Task> tasks) noexcept {
    Outline outline;
    for (const Task& task : tasks) outline.add(*task.transaction);
    return outline;
  }

  void add(const Transaction& transaction) noexcept {
    const Growth own = growth_of(transaction);
    add({.count = 1,
         .work = work_of(transaction),
         .growth = own,
         .reply_bytes_max = consensus::reply_bytes_max(transaction),
         .malformed = transaction.operation == Operation::malformed ? std::size_t{1} : 0,
         .are_keys_named = names_its_keys(transaction),
         .has_ranges = transaction.operation == Operation::range,
         .has_reconfigurations = transaction.operation == Operation::reconfigure});
  }
  void add(const Outline& other) noexcept {
    count += other.count;
    work += other.work;
    growth.keys += other.growth.keys;
    growth.bytes += other.growth.bytes;
    reply_bytes_max += other.reply_bytes_max;
    malformed += other.malformed;
    are_keys_named = are_keys_named && other.are_keys_named;
    has_ranges = has_ranges || other.has_ranges;
    has_reconfigurations = has_reconfigurations || other.has_reconfigurations;
  }
};

}  // namespace myelin::consensus
