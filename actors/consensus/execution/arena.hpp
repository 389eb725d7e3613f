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
  /// **Requires**: an alignment of 64 at most.
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment) {
    std::size_t begin = (at_ + alignment - 1) & ~(alignment - 1);
    if (chunk_ == chunks_.size() || begin + bytes > chunks_[chunk_].size) {
      next_chunk(bytes);
      begin = 0;
    }
    at_ = begin + bytes;
    return chunks_[chunk_].memory[0].bytes + begin;
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
  /// Aligned as any object that is to be alone on its cache lines.
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  struct Chunk {
    std::unique_ptr<Line[]> memory;
    std::size_t size = 0;
  };

  void next_chunk(std::size_t bytes) {
    if (chunk_ < chunks_.size()) ++chunk_;
    while (chunk_ < chunks_.size() && chunks_[chunk_].size < bytes) ++chunk_;
    if (chunk_ == chunks_.size()) {
      const std::size_t lines = (std::max(kChunkBytes, bytes) + sizeof(Line) - 1) / sizeof(Line);
      chunks_.push_back({std::make_unique_for_overwrite<Line[]>(lines), lines * sizeof(Line)});
    }
    at_ = 0;
  }

  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;
  std::size_t at_ = 0;
};

}  // namespace myelin::consensus
