/// Work memory of products, kept by a thread from one to the next: fresh pages cost as much as a tenth of a product.
#pragma once

#include <cstddef>

#include "hwy/aligned_allocator.h"

namespace myelin::kernels::cpu {

/// What the memory is for. A thread keeps one of each.
enum class WorkFor : unsigned char { a, b };

/// Memory for the time of one call. A call within a call, on the same thread, gets memory of its own.
/// **Thread-safety**: thread-compatible; destroyed on the thread that made it. **Cost**: what a thread keeps is bounded
/// by kGemmWorkBytes, and is freed when the thread ends.
class WorkMemory {
 public:
  /// None for a size of 0.
  WorkMemory(WorkFor purpose, std::size_t floats);
  ~WorkMemory();
  WorkMemory(const WorkMemory&) = delete;
  WorkMemory& operator=(const WorkMemory&) = delete;

  /// 64-byte aligned; null for a size of 0 and where there is no memory.
  [[nodiscard]] float* get() const { return memory_.get(); }

 private:
  WorkFor purpose_;
  std::size_t floats_;
  hwy::AlignedFreeUniquePtr<float[]> memory_;
};

}  // namespace myelin::kernels::cpu
