/// Memory for the texts that transactions make while they run, given back all at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace myelin::consensus {

/// **Thread-safety**: thread-compatible; one a thread.
class Arena {
 public:
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) {
    std::size_t begin = (at_ + alignment - 1) & ~(alignment - 1);
    if (chunk_ == chunks_.size() || begin + bytes > chunks_[chunk_].size) {
      next_chunk(bytes);
      begin = 0;
    }
    at_ = begin + bytes;
    return chunks_[chunk_].memory.get() + begin;
  }
  /// An object that is never destroyed.
  template <class T, class... Arguments>
  [[nodiscard]] T* make(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Arguments>(arguments)...};
  }
  [[nodiscard]] std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    auto* bytes = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
  }
  /// Gives all back; keeps the memory for the next time.
  void reset() noexcept {
    chunk_ = 0;
    at_ = 0;
  }

 private:
  static constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
  struct Chunk {
    std::unique_ptr<std::byte[]> memory;
    std::size_t size = 0;
  };

  void next_chunk(std::size_t bytes) {
    if (chunk_ < chunks_.size()) ++chunk_;
    while (chunk_ < chunks_.size() && chunks_[chunk_].size < bytes) ++chunk_;
    if (chunk_ == chunks_.size()) {
      const std::size_t size = std::max(kChunkBytes, bytes);
      chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    }
    at_ = 0;
  }

  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;
  std::size_t at_ = 0;
};

}  // namespace myelin::consensus
