// The order of a product with packed weights of fewer bits: rows of A are made ready once, then every panel of B meets
// all of them. Included once per SIMD target.

#if defined(MYELIN_KERNELS_CPU_GEMM_REDUCED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_GEMM_REDUCED_INL_H_
#undef MYELIN_KERNELS_CPU_GEMM_REDUCED_INL_H_
#else
#define MYELIN_KERNELS_CPU_GEMM_REDUCED_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "cpu/gemm/microkernel-inl.h"
#include "hwy/highway.h"
#include "myelin/kernels/workers.hpp"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// A block of A stays in half of a 512 KiB L2, while the panels of B pass.
constexpr std::size_t kReducedBlockBytes = 256UL << 10U;
constexpr std::size_t kReducedRowsMax = 96;
constexpr double kReducedSplitMin = 2.0 * 256 * 256 * 256;  // operations; fewer do not pay for waking a helper
constexpr std::size_t kReducedPiecesAThread = 4;

constexpr std::size_t kTileColumnsMax = 4 * kPanelVectors * HWY_MAX_BYTES / sizeof(float);

// Rows of A that are made ready at a time, each of `bytes`.
inline std::size_t reduced_rows(std::size_t m, std::size_t bytes) {
  const std::size_t fitting = std::min(kReducedRowsMax, kReducedBlockBytes / bytes) / kRowsMax * kRowsMax;
  return std::min(m, std::max<std::size_t>(kRowsMax, fitting));
}

// Calls `tile(first_row, rows, number, first_panel, panels, columns)` for all tiles of `rows` rows and `n` columns: a
// panel with all rows, then the next; several panels at once where there are too few rows to fill the registers.
template <class TileFunction>
inline void for_each_tile(std::size_t rows, std::size_t n, Workers* workers, const TileFunction& tile) {
  const std::size_t width = kPanelVectors * hn::Lanes(hn::ScalableTag<float>());
  const std::size_t panels = (n + width - 1) / width;
  const std::size_t wide = rows <= kRowsMax ? static_cast<std::size_t>(panels_per_tile(static_cast<int>(rows))) : 1;
  const auto run = [=, &tile](std::size_t first, std::size_t end) {
    for (std::size_t panel = first; panel < end;) {
      const std::size_t step = panel + wide <= end ? wide : 1;
      const std::size_t columns = std::min(n, (panel + step) * width) - panel * width;
      const std::size_t tiles = (rows + kRowsMax - 1) / kRowsMax;
      for (std::size_t row = 0, number = 0; number < tiles; ++number) {
        const std::size_t high = rows / tiles + (number < rows % tiles ? 1 : 0);
        tile(row, high, number, panel, step, columns);
        row += high;
      }
      panel += step;
    }
  };
  if (workers == nullptr) return run(0, panels);
  const std::size_t pieces = std::min(panels, workers->threads() * kReducedPiecesAThread);
  workers->run(pieces,
               [&](std::size_t piece, std::size_t) { run(piece * panels / pieces, (piece + 1) * panels / pieces); });
}

// What a tile of three rows and more asks for ahead: at each of its steps the two lines at `from`, which then moves on
// by `step` bytes.
struct Ahead {
  const char* from;
  std::size_t step;
};

// The share that tile number `tile` of `tiles` has in the panel that follows on that at `panel`, a row each of `steps`
// steps. Where all panels fit into L2, or one tile alone meets each, it asks for a line that it reads itself: what the
// CPU foresees is better than what one tile could ask for.
HWY_INLINE Ahead share_of_next(const void* panel, std::size_t panel_bytes, std::size_t panels, std::size_t steps,
                               std::size_t tile, std::size_t tiles) {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kInCache = 1UL << 20U;
  const auto* const from = static_cast<const char*>(panel);
  if (tiles < 2 || panels * panel_bytes <= kInCache) return {from, 0};
  const std::size_t step = (panel_bytes / steps + tiles - 1) / tiles;
  return {from + panel_bytes + tile * steps * step / kLine * kLine, step};
}

// The workers, where a product is large enough for them.
inline Workers* workers_for(Workers* workers, std::size_t m, std::size_t n, std::size_t k) {
  const double operations = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  return operations < kReducedSplitMin ? nullptr : workers;
}

// The microkernels of a family, by rows and by panels (1, or as many as a tile of so many rows has).
template <class Signature>
struct ReducedKernels {
  Signature one[kRowsMax];
  Signature wide[kRowsMax];
};

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
