#include "cpu/gemm/work_memory.hpp"

#include <array>
#include <utility>

#include "memory/huge_pages.hpp"
#include "myelin/kernels/gemm.hpp"

namespace myelin::kernels::cpu {

namespace {

struct Kept {
  std::size_t floats = 0;
  hwy::AlignedFreeUniquePtr<float[]> memory;
};

// The one thing here that outlives a call. Nobody sees it: what is in it is written before it is read.
Kept& kept_for(WorkFor purpose) {
  thread_local std::array<Kept, 2> kept;
  return kept[static_cast<std::size_t>(purpose)];
}

}  // namespace

WorkMemory::WorkMemory(WorkFor purpose, std::size_t floats) : purpose_(purpose), floats_(floats) {
  if (floats == 0) return;
  Kept& kept = kept_for(purpose);
  if (kept.floats >= floats) {
    floats_ = std::exchange(kept.floats, 0);
    memory_ = std::move(kept.memory);
    return;
  }
  memory_ = hwy::AllocateAligned<float>(floats);
  if (memory_ != nullptr) prefer_huge_pages(memory_.get(), floats * sizeof(float));
}

WorkMemory::~WorkMemory() {
  constexpr std::size_t kKeptMax = kGemmWorkBytes / sizeof(float);
  Kept& kept = kept_for(purpose_);
  if (memory_ == nullptr || floats_ <= kept.floats || floats_ > kKeptMax) return;
  kept.floats = floats_;
  kept.memory = std::move(memory_);
}

}  // namespace myelin::kernels::cpu
