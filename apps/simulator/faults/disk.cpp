#include "faults/disk.hpp"

#include <algorithm>

namespace myelin::sim {

Disk::Outcome Disk::append(std::span<const std::byte> bytes) {
  const std::size_t space = capacity_ - std::min(capacity_, content_.size());
  const std::size_t count = std::min(space, bytes.size());
  content_.insert(content_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
  return count == bytes.size() ? Outcome::done : Outcome::no_space;
}

Disk::Outcome Disk::sync() {
  if (syncs_fail_) return Outcome::io_error;
  promised_ = content_.size();
  if (!syncs_lie_) durable_ = content_.size();
  return Outcome::done;
}

void Disk::truncate(std::size_t size) {
  content_.resize(size);
  durable_ = promised_ = size;
}

void Disk::replace(std::vector<std::byte> content) {
  content_ = std::move(content);
  durable_ = promised_ = content_.size();
}

void Disk::crash(TailFate fate, Random& random) {
  const auto zero = [this](std::size_t begin, std::size_t end) {
    std::fill(content_.begin() + static_cast<std::ptrdiff_t>(begin),
              content_.begin() + static_cast<std::ptrdiff_t>(end), std::byte{0});
  };
  const std::size_t size = content_.size();
  if (durable_ < size) {
    switch (fate) {
      case TailFate::kept: break;
      case TailFate::lost: zero(durable_, size); break;
      case TailFate::cut_short: {
        const std::size_t sectors = size / kSectorBytes - durable_ / kSectorBytes;
        zero(std::max(durable_, (durable_ / kSectorBytes + random.between(std::uint64_t{0}, sectors)) * kSectorBytes),
             size);
        break;
      }
      case TailFate::torn: zero(random.between(std::uint64_t{durable_}, size), size); break;
      case TailFate::reordered:
        for (std::size_t begin = durable_; begin < size;) {
          const std::size_t end = std::min(size, (begin / kSectorBytes + 1) * kSectorBytes);
          if (random.chance(0.5)) zero(begin, end);
          begin = end;
        }
        break;
    }
  }
  durable_ = size;  // Whatever a reader finds after the crash stays.
}

bool Disk::flip_bit(Random& random) {
  if (promised_ == 0) return false;
  content_[random.below(promised_)] ^= static_cast<std::byte>(1U << random.below(8));
  return true;
}

void Disk::repair() noexcept {
  syncs_fail_ = syncs_lie_ = false;
  capacity_ = SIZE_MAX;
}

}  // namespace myelin::sim
