/// Recycled memory blocks for frames and queue nodes: a free list a thread, refilled from and emptied to a shared one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <new>

namespace myelin {

/// Allocates blocks of a few fixed sizes without a lock in the common case. A block may be freed on another thread than
/// the one that allocated it: surplus blocks travel back in groups. Memory is kept for reuse, never returned to the
/// system before the process ends. In sanitizer builds every call goes to malloc, so that errors are found.
///
/// **Thread-safety**: thread-safe. **Source**: magazines after Bonwick and Adams, "Magazines and Vmem" (2001).
class BlockPool {
 public:
  static constexpr std::size_t kAlignment = 64;

  /// Sizes a block can have, in bytes. Anything larger comes from malloc.
  /// The larger ones are odd numbers of lines: with powers of two the headers of all blocks would share few sets of the
  /// cache. Close enough that at most about a third of a block is slack.
  static constexpr std::size_t kSizes[] = {64, 128, 192, 320, 576, 832, 1088, 1600, 2112, 3136, 4160, 8256, 16448};
  static constexpr std::uint8_t kClasses = sizeof(kSizes) / sizeof(kSizes[0]);
  static constexpr std::uint8_t kUnpooled = 0xff;

  /// The class of each number of 64-byte lines: found by one load, at compile time where the size is known.
  struct ClassOfLines {
    std::uint8_t of[kSizes[kClasses - 1] / kAlignment + 1]{};
    constexpr ClassOfLines() noexcept {
      std::uint8_t index = 0;
      for (std::size_t lines = 0; lines < std::size(of); ++lines) {
        if (lines * kAlignment > kSizes[index]) ++index;
        of[lines] = index;
      }
    }
  };
  static const ClassOfLines kClassOfLines;

  struct Block {
    void* memory;
    std::size_t size;         ///< Usable bytes, at least those asked for.
    std::uint8_t size_class;  ///< To be handed back to free().
  };

  /// A block of at least `bytes` bytes, aligned to kAlignment, not zeroed. **Errors**: std::bad_alloc.
  [[nodiscard]] static Block allocate(std::size_t bytes) {
    const std::uint8_t size_class = class_of(bytes);
    if (size_class == kUnpooled) [[unlikely]]
      return allocate_unpooled(bytes);
    return {allocate_class(size_class), kSizes[size_class], size_class};
  }

  /// The smallest class that holds `bytes`, or kUnpooled.
  [[nodiscard]] static constexpr std::uint8_t class_of(std::size_t bytes) noexcept {
    const std::size_t lines = (bytes + kAlignment - 1) / kAlignment;
    return lines < std::size(kClassOfLines.of) ? kClassOfLines.of[lines] : kUnpooled;
  }

  /// A block of kSizes[size_class] bytes. **Requires**: size_class < kClasses.
  [[nodiscard]] static void* allocate_class(std::uint8_t size_class) {
#if !defined(MYELIN_NO_BLOCK_POOL)
    LocalList& list = local_[size_class];
    if (FreeBlock* block = list.head; block != nullptr) [[likely]] {
      list.head = block->next;
      --list.count;
      return block;
    }
#endif
    return refill(size_class);
  }

  /// Gives a block back. **Requires**: `size_class` is what allocate() said, or what allocate_class() was given.
  static void free(void* memory, [[maybe_unused]] std::uint8_t size_class) noexcept {
#if !defined(MYELIN_NO_BLOCK_POOL)
    if (size_class < kClasses) [[likely]] {
      LocalList& list = local_[size_class];
      auto* block = static_cast<FreeBlock*>(memory);
      block->next = list.head;
      list.head = block;
      if (++list.count < local_max(size_class)) [[likely]]
        return;
      give_back(size_class);
      return;
    }
#endif
    free_unpooled(memory);
  }

  /// Blocks in one group that moves between threads: about 16 KiB worth, at least 4 and at most 64.
  static constexpr std::uint32_t group_size(std::uint8_t size_class) noexcept {
    const std::size_t fitting = 16384 / kSizes[size_class];
    return static_cast<std::uint32_t>(fitting < 4 ? 4 : fitting > 64 ? 64 : fitting);
  }

 private:
  struct FreeBlock {
    FreeBlock* next;
    FreeBlock* next_group;
  };
  struct LocalList {
    FreeBlock* head;
    std::uint32_t count;
  };
  struct Shared;
  struct ThreadExit;

  static constexpr std::uint32_t local_max(std::uint8_t size_class) noexcept { return 3 * group_size(size_class); }
  static Shared& shared() noexcept;
  static Block allocate_unpooled(std::size_t bytes);
  static void* refill(std::uint8_t size_class);
  static void give_back(std::uint8_t size_class) noexcept;
  static void hand_back_when_the_thread_ends() noexcept;
  static void free_unpooled(void* memory) noexcept;

  static thread_local constinit LocalList local_[kClasses];
};

inline constexpr BlockPool::ClassOfLines BlockPool::kClassOfLines{};

/// Base of objects that come and go as often as messages: they are made of the pool's blocks.
struct Pooled {
  static void* operator new(std::size_t bytes) {
    const std::uint8_t size_class = BlockPool::class_of(bytes);
    return size_class == BlockPool::kUnpooled ? ::operator new(bytes) : BlockPool::allocate_class(size_class);
  }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    const std::uint8_t size_class = BlockPool::class_of(bytes);
    size_class == BlockPool::kUnpooled ? ::operator delete(memory) : BlockPool::free(memory, size_class);
  }
};

}  // namespace myelin
