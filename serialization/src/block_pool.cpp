#include "myelin/serialization/block_pool.hpp"

#include <cstdlib>
#include <mutex>
#include <new>

namespace myelin {

thread_local constinit BlockPool::LocalList BlockPool::local_[BlockPool::kClasses] = {};

namespace {

void* aligned_malloc(std::size_t bytes) {
  const std::size_t rounded = (bytes + BlockPool::kAlignment - 1) / BlockPool::kAlignment * BlockPool::kAlignment;
  void* memory = std::aligned_alloc(BlockPool::kAlignment, rounded);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

}  // namespace

/// Groups of free blocks that no thread holds. Never destroyed: threads may outlive static objects.
struct BlockPool::Shared {
  struct alignas(64) List {
    std::mutex mutex;
    FreeBlock* groups = nullptr;  // linked by next_group; each heads a list of group_size() blocks
    FreeBlock* loose = nullptr;   // blocks of threads that ended, in no particular number
  };
  List lists[kClasses];
};

BlockPool::Shared& BlockPool::shared() noexcept {
  static Shared& instance = *new Shared;
  return instance;
}

/// Hands a thread's blocks to the others when the thread ends.
struct BlockPool::ThreadExit {
  ~ThreadExit() {
    for (std::uint8_t size_class = 0; size_class < kClasses; ++size_class) {
      LocalList& local = local_[size_class];
      if (local.head == nullptr) continue;
      FreeBlock* last = local.head;
      while (last->next != nullptr) last = last->next;
      Shared::List& list = shared().lists[size_class];
      const std::lock_guard lock{list.mutex};
      last->next = list.loose;
      list.loose = local.head;
      local = {};
    }
  }
};

void BlockPool::hand_back_when_the_thread_ends() noexcept {
  static thread_local ThreadExit at_exit;
  static_cast<void>(at_exit);
}

BlockPool::Block BlockPool::allocate_unpooled(std::size_t bytes) { return {aligned_malloc(bytes), bytes, kUnpooled}; }

void* BlockPool::refill(std::uint8_t size_class) {
#if defined(MYELIN_NO_BLOCK_POOL)
  return aligned_malloc(kSizes[size_class]);
#else
  hand_back_when_the_thread_ends();
  LocalList& local = local_[size_class];
  const std::uint32_t group = group_size(size_class);
  {
    Shared::List& list = shared().lists[size_class];
    const std::lock_guard lock{list.mutex};
    if (FreeBlock* head = list.groups; head != nullptr) {
      list.groups = head->next_group;
      local = {head->next, group - 1};
      return head;
    }
    if (FreeBlock* head = list.loose; head != nullptr) {
      FreeBlock* last = head;
      std::uint32_t count = 1;
      while (count < group && last->next != nullptr) {
        last = last->next;
        ++count;
      }
      list.loose = last->next;
      last->next = nullptr;
      local = {head->next, count - 1};
      return head;
    }
  }
  const std::size_t size = kSizes[size_class];
  auto* slab = static_cast<std::byte*>(aligned_malloc(size * group));
  FreeBlock* next = nullptr;
  for (std::uint32_t index = group; index-- > 1;) {
    auto* block = reinterpret_cast<FreeBlock*>(slab + index * size);
    block->next = next;
    next = block;
  }
  local = {next, group - 1};
  return slab;
#endif
}

void BlockPool::give_back(std::uint8_t size_class) noexcept {
  hand_back_when_the_thread_ends();
  LocalList& local = local_[size_class];
  const std::uint32_t group = group_size(size_class);
  FreeBlock* head = local.head;
  FreeBlock* last = head;
  for (std::uint32_t index = 1; index < group; ++index) last = last->next;
  local.head = last->next;
  local.count -= group;
  last->next = nullptr;
  Shared::List& list = shared().lists[size_class];
  const std::lock_guard lock{list.mutex};
  head->next_group = list.groups;
  list.groups = head;
}

void BlockPool::free_unpooled(void* memory) noexcept { std::free(memory); }

}  // namespace myelin
