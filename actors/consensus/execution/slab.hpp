/// Objects by number, in chunks: they never move, and numbers of freed ones are used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace myelin::consensus {

/// **Thread-safety**: thread-compatible; different objects may be used by different threads.
template <class T>
class Slab {
 public:
  /// A number whose object is as T{} makes it.
  [[nodiscard]] std::uint32_t allocate() {
    if (!free_.empty()) {
      const std::uint32_t index = free_.back();
      free_.pop_back();
      return index;
    }
    if (size_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<T[]>(kChunk));
    return size_++;
  }
  void free(std::uint32_t index) {
    (*this)[index] = T{};
    free_.push_back(index);
  }
  [[nodiscard]] T& operator[](std::uint32_t index) noexcept { return chunks_[index / kChunk][index % kChunk]; }
  [[nodiscard]] const T& operator[](std::uint32_t index) const noexcept {
    return chunks_[index / kChunk][index % kChunk];
  }

 private:
  static constexpr std::uint32_t kChunk = 256;

  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t size_ = 0;
};

}  // namespace myelin::consensus
