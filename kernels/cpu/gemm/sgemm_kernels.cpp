// Single-precision matrix products, compiled once per SIMD target: which way a product is computed, and its blocks.
// docs/kernels-performance.md has the reasons and the measurements.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/gemm/sgemm_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/gemm/dot-inl.h"
#include "cpu/gemm/epilogue-inl.h"
#include "cpu/gemm/gemm_call.hpp"
#include "cpu/gemm/microkernel-inl.h"
#include "cpu/gemm/narrow-inl.h"
#include "cpu/gemm/pack-inl.h"
#include "cpu/gemm/work_memory.hpp"
#include "cpu/partial-inl.h"

#include <algorithm>
#include <vector>

#include "hwy/aligned_allocator.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Cache blocks.
constexpr std::size_t kDepthBlock =
    512;  // a panel of B, 512 x 16 x 4 = 32 KiB; with 256 C is read and written twice as often
constexpr std::size_t kRowBlock = 168;     // a block of A, 168 x 512 x 4 = 344 KiB, stays in two thirds of a 512 KiB L2
constexpr std::size_t kChunk = 3UL << 20;  // floats of packed B at a time: 12 MiB of L3
constexpr std::size_t kChunkDepth = 4096;  // of them; then a chunk has 768 columns or more
constexpr std::size_t kChunkOnce = 64UL << 10;  // floats of packed B that one block of rows meets: 256 KiB of L2

constexpr std::size_t kChunkInCache = 256UL << 10U;  // floats of packed B that are still in or near L2: 1 MiB

constexpr std::size_t kRowsAhead = 32;         // of B in place: some 200 cycles
constexpr std::size_t kRowsAheadPacked = 128;  // of B packed long ago, which may be in memory: some 800 cycles

// Which way a product is computed.
constexpr std::size_t kRowsInPlaceMax = 16;              // B in place: packing it costs as much as a few passes over it
constexpr std::size_t kElementsInPlaceMax = 96 * 96;     // a B of 36 KiB is read quickly in any order
constexpr std::size_t kElementsNarrowMax = 64UL << 10U;  // a B of one vector's width, 256 KiB: each tile reads it anew
constexpr std::size_t kRowsTransposedMax = 96;  // of a transposed A in place: walking its columns gets slow early
constexpr std::size_t kRowsDottedMax = 8;       // of A, against a transposed B in place
constexpr std::size_t kDepthInPlaceMax = 448;   // of A: its rows lie close enough to be read in place

// Splitting over threads: fewer operations than two cores do in the time that waking a helper takes stay on one.
constexpr double kOperationsSplitMin = 2.0 * 256 * 256 * 256;
constexpr std::size_t kPiecesAThread = 4;   // so that a helper which is kept from running holds up little
constexpr std::size_t kRowsAPieceMin = 48;  // eight tiles; each piece reads all of the chunk of B
constexpr std::size_t kPanelsAPieceMin = 4;

// Columns below which a packed B is kept as rows for dot products.
HWY_INLINE std::size_t narrow_below() {
#if HWY_TARGET == HWY_SCALAR
  return 0;
#else
  return 2 * hn::Lanes(hn::ScalableTag<float>());
#endif
}

constexpr std::size_t kNarrowMax = 2 * HWY_MAX_BYTES / sizeof(float);
constexpr std::size_t kNarrowAlignment = 16;  // floats: a row begins with a cache line

std::size_t narrow_stride(std::size_t k) { return (k + kNarrowAlignment - 1) / kNarrowAlignment * kNarrowAlignment; }

// B as the microkernel walks it.
struct RightOperand {
  const float* data;
  std::size_t row_stride;
  std::size_t panel_stride;
  std::size_t ahead;  // elements; 0 for what was packed just now, and is in a cache
  std::size_t ahead_step;
  bool masked;  // the last panel is not filled up
};

// What is computed: these rows and columns of C, from this part of the depth. `resume`: C holds the sums so far.
struct Part {
  std::size_t row;
  std::size_t rows;
  std::size_t column;
  std::size_t columns;
  std::size_t depth_begin;
  std::size_t depth;

  [[nodiscard]] bool is_first() const { return depth_begin == 0; }
};

// A as the microkernel walks it: row i of the part begins at data + i * row_step.
struct LeftOperand {
  const float* data;
  std::size_t row_step;
  std::size_t stride;  // 0 for tiles packed as columns: each has as many elements a column as it has rows
};

// What all tiles of a part have in common.
Tile common_tile(const GemmCall& call, const Part& part, const RightOperand& b, const LeftOperand& a) {
  const bool scaled = is_scaled(call);
  const bool is_last = part.depth_begin + part.depth == call.k;
  Tile tile{};
  tile.depth = part.depth;
  tile.a_stride = a.stride;
  tile.b_row_stride = b.row_stride;
  tile.b_panel_stride = b.panel_stride;
  tile.b_ahead_step = b.ahead_step;
  tile.c_stride = call.c_stride;
  tile.resume = !scaled && !part.is_first();
  tile.scaled = scaled;
  tile.alpha = call.alpha;
  tile.beta = part.is_first() ? call.beta : 1.0F;
  tile.relu = is_last && call.activation == Activation::relu;
  return tile;
}

// One Tile serves all: each call changes some of its words. A copy would be read in vectors of what was just written
// word by word, which no processor forwards: it would wait for all before it, 100 cycles a tile.
template <LayoutOfA kLayout, bool kAsks>
HWY_INLINE void multiply_tiles(const GemmCall& call, const Part& part, const RightOperand& b, const LeftOperand& a) {
  const std::size_t width = panel_width();
  const std::size_t tiles = (part.rows + kRowsMax - 1) / kRowsMax;
  const std::size_t rows_least = part.rows / tiles;
  const std::size_t higher = part.rows % tiles;  // tiles with one row more
  // One tile of rows reads B once, and may be several panels wide. With more of them each panel of B is read by all
  // while it is in L1 or on its way from L2.
  const std::size_t step = tiles == 1 ? part.columns : panels_at_a_time(static_cast<int>(rows_least)) * width;
  // Several tiles of rows read this panel. Meanwhile each asks for its share of the next one, so that memory is as
  // busy as the sums are.
  const bool shares = kAsks && tiles > 1 && !b.masked;
  const bool is_last = part.depth_begin + part.depth == call.k;
  const float* const bias = is_last && call.bias != nullptr ? call.bias + part.column : nullptr;
  Tile tile = common_tile(call, part, b, a);
  if (shares) tile.b_ahead_step = (b.row_stride + tiles - 1) / tiles;
  for (std::size_t j = 0; j < part.columns; j += step) {
    const std::size_t columns = std::min(step, part.columns - j);
    const float* const panel = b.data + j / width * b.panel_stride;
    const float* left = a.data;
    float* c = call.c + part.row * call.c_stride + part.column + j;
    tile.b_ahead = shares ? step / width * b.panel_stride : b.ahead;
    for (std::size_t t = 0; t < tiles; ++t) {
      const std::size_t rows = rows_least + (t < higher ? 1 : 0);
      tile.a = left;
      if (kLayout == LayoutOfA::columns && a.stride == 0) tile.a_stride = rows;
      tile.b = panel;
      tile.c = c;
      tile.bias = bias == nullptr ? nullptr : bias + j;
      row_of_tiles<kLayout, kAsks>(rows, columns, b.masked, tile);
      if (shares) tile.b_ahead += part.depth * tile.b_ahead_step;
      left += rows * a.row_step;
      c += rows * call.c_stride;
    }
  }
}

// Whether a tile that meets packed panels alone asks ahead in them. CPUs with AVX-512 foresee such a walk by
// themselves, and asking makes it slower.
constexpr bool kAsksAlone = !(HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3);

// A transposed is rare: it has no instances that ask ahead.
void multiply_part(const GemmCall& call, const Part& part, const RightOperand& b, const LeftOperand& a) {
  if (call.transpose_a) return multiply_tiles<LayoutOfA::columns, false>(call, part, b, a);
  const bool alone = part.rows <= kRowsMax && !b.masked;
  if (b.ahead > 0 && (kAsksAlone || !alone)) return multiply_tiles<LayoutOfA::rows, true>(call, part, b, a);
  return multiply_tiles<LayoutOfA::rows, false>(call, part, b, a);
}

LeftOperand in_place(const GemmCall& call, const Part& part) {
  if (call.transpose_a) return {call.a + part.depth_begin * call.a_stride + part.row, 1, call.a_stride};
  return {call.a + part.row * call.a_stride + part.depth_begin, call.a_stride, call.a_stride};
}

LeftOperand packed(const GemmCall& call, const Part& part, const float* a_block) {
  if (call.transpose_a) return {a_block, part.depth, 0};
  return {a_block, packed_a_stride(part.depth), packed_a_stride(part.depth)};
}

// Calls `block(begin, length)` for even pieces of `length` of at most `most`.
template <class Block>
HWY_INLINE void for_even_blocks(std::size_t length, std::size_t most, const Block& block) {
  std::size_t blocks = (length + most - 1) / most;
  for (std::size_t begin = 0; blocks > 0; --blocks) {
    const std::size_t size = (length - begin + blocks - 1) / blocks;
    block(begin, size);
    begin += size;
  }
}

// Floats of work memory for A of so many rows.
std::size_t a_block_size(const GemmCall& call, std::size_t rows) {
  if (!call.transpose_a && (rows <= kRowBlock || call.k <= kDepthInPlaceMax)) return 0;
  return std::min(rows, kRowBlock) * packed_a_stride(std::min(call.k, kDepthBlock));
}

// Some rows of C over a chunk of B. `chunk` says which columns and which part of the depth `b` holds.
// Source: Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication".
void multiply_chunk(const GemmCall& call, const Part& chunk, RightOperand b, float* a_block) {
  for_even_blocks(chunk.rows, kRowBlock, [&](std::size_t row, std::size_t rows) HWY_ATTR {
    // A few passes over B need no blocks of the depth. Scaled sums show their blocks in their bits,
    // so those have the same blocks always.
    const bool reads_once = chunk.rows <= kRowsInPlaceMax && a_block == nullptr && !is_scaled(call);
    const std::size_t depth_most = reads_once ? chunk.depth : kDepthBlock;
    for_even_blocks(chunk.depth, depth_most, [&](std::size_t begin, std::size_t depth) HWY_ATTR {
      const Part part{.row = chunk.row + row,
                      .rows = rows,
                      .column = chunk.column,
                      .columns = chunk.columns,
                      .depth_begin = chunk.depth_begin + begin,
                      .depth = depth};
      RightOperand right = b;
      right.data += begin * b.row_stride;
      if (a_block == nullptr) {
        multiply_part(call, part, right, in_place(call, part));
      } else {
        pack_a(call, part.row, rows, part.depth_begin, depth, a_block);
        multiply_part(call, part, right, packed(call, part, a_block));
      }
    });
    if (chunk.depth_begin + chunk.depth == call.k) {
      finish(call, chunk.row + row, rows, chunk.column, chunk.columns);
    }
  });
}

// Threads that are worth their waking.
std::size_t threads_for(const GemmCall& call) {
  if (call.workers == nullptr) return 1;
  const double operations =
      2.0 * static_cast<double>(call.m) * static_cast<double>(call.n) * static_cast<double>(call.k);
  return operations < kOperationsSplitMin ? 1 : call.workers->threads();
}

// The chunk in pieces, of rows where there are many, else of columns.
void multiply_chunk_on(std::size_t threads, const GemmCall& call, const Part& chunk, RightOperand b, float* a_blocks,
                       std::size_t a_block) {
  const auto block_of = [&](std::size_t seat) { return a_block == 0 ? nullptr : a_blocks + seat * a_block; };
  if (threads == 1) return multiply_chunk(call, chunk, b, block_of(0));
  const std::size_t width = panel_width();
  const std::size_t wanted = threads * kPiecesAThread;
  const std::size_t by_rows = std::min(wanted, chunk.rows / kRowsAPieceMin);
  const std::size_t panels = (chunk.columns + width - 1) / width;
  const std::size_t by_panels = std::min(wanted, panels / kPanelsAPieceMin);
  // A deep product may be worth a helper and yet have too few rows and panels for two pieces.
  if (std::max(by_rows, by_panels) < 2) return multiply_chunk(call, chunk, b, block_of(0));
  if (by_rows >= by_panels || by_rows >= wanted) {
    const std::size_t tiles = (chunk.rows + kRowsMax - 1) / kRowsMax;
    call.workers->run(by_rows, [&](std::size_t piece, std::size_t seat) {
      const std::size_t begin = std::min(chunk.rows, piece * tiles / by_rows * kRowsMax);
      const std::size_t end = std::min(chunk.rows, (piece + 1) * tiles / by_rows * kRowsMax);
      Part part = chunk;
      part.row += begin;
      part.rows = end - begin;
      multiply_chunk(call, part, b, block_of(seat));
    });
    return;
  }
  call.workers->run(by_panels, [&](std::size_t piece, std::size_t seat) {
    const std::size_t begin = piece * panels / by_panels;
    const std::size_t end = (piece + 1) * panels / by_panels;
    Part part = chunk;
    part.column += begin * width;
    part.columns = std::min(chunk.columns, end * width) - begin * width;
    RightOperand right = b;
    right.data += begin * b.panel_stride;
    multiply_chunk(call, part, right, block_of(seat));
  });
}

// B packed, or to be packed a chunk at a time.
bool multiply_panels(const GemmCall& call) {
  const std::size_t width = panel_width();
  const std::size_t threads = threads_for(call);
  const std::size_t a_block = a_block_size(call, call.m);
  const WorkMemory a_blocks{WorkFor::a, threads * a_block};
  if (a_block > 0 && a_blocks.get() == nullptr) return false;
  const std::size_t depth_most = std::min(call.k, kChunkDepth);
  // What only one block of rows meets need not outlast L2. A that is packed would be packed again for each chunk.
  const bool meets_once = call.packed_b == nullptr && call.m <= kRowBlock && a_block == 0 && threads == 1;
  const std::size_t columns_most = std::max(width, (meets_once ? kChunkOnce : kChunk) / depth_most / width * width);
  const std::size_t columns_packed = std::min(columns_most, (call.n + width - 1) / width * width);
  const WorkMemory memory{WorkFor::b, call.packed_b == nullptr ? depth_most * columns_packed : 0};
  if (call.packed_b == nullptr && memory.get() == nullptr) return false;
  for (std::size_t column = 0; column < call.n; column += columns_most) {
    const std::size_t columns = std::min(columns_most, call.n - column);
    for (std::size_t begin = 0; begin < call.k; begin += depth_most) {
      const std::size_t depth = std::min(depth_most, call.k - begin);
      const Part chunk{
          .row = 0, .rows = call.m, .column = column, .columns = columns, .depth_begin = begin, .depth = depth};
      RightOperand b{call.packed_b + column * call.k + begin * width,
                     width,
                     call.k * width,
                     kRowsAheadPacked * width,
                     width,
                     false};
      if (call.packed_b == nullptr) {
        const std::size_t ahead = depth * columns > kChunkInCache ? kRowsAheadPacked * width : 0;
        b = {memory.get(), width, depth * width, ahead, width, false};
        const std::size_t panels = (columns + width - 1) / width;
        const std::size_t pieces = threads == 1 ? 1 : std::min(panels, threads * kPiecesAThread);
        const auto pack = [&](std::size_t piece, std::size_t) {
          const std::size_t first = piece * panels / pieces * width;
          const std::size_t end = std::min(columns, (piece + 1) * panels / pieces * width);
          const float* from = call.transpose_b ? call.b + (column + first) * call.b_stride + begin
                                               : call.b + begin * call.b_stride + column + first;
          pack_panels(from, call.b_stride, call.transpose_b, depth, end - first, memory.get() + first * depth);
        };
        if (pieces == 1) {
          pack(0, 0);
        } else {
          call.workers->run(pieces, pack);
        }
      }
      multiply_chunk_on(threads, call, chunk, b, a_blocks.get(), a_block);
    }
  }
  return true;
}

// Both operands in place. Where the target cannot read a part of a vector, a last panel that is not whole is packed.
bool multiply_both_in_place(const GemmCall& call) {
  const std::size_t width = panel_width();
  Part part{.row = 0, .rows = call.m, .column = 0, .columns = call.n, .depth_begin = 0, .depth = call.k};
  const std::size_t rest = kHasMemoryMasks ? 0 : call.n % width;
  hwy::AlignedFreeUniquePtr<float[]> last_panel;
  if (rest != 0) {
    last_panel = hwy::AllocateAligned<float>(call.k * width);
    if (!last_panel) return false;
    pack_panels(call.b + call.n - rest, call.b_stride, false, call.k, rest, last_panel.get());
  }
  part.columns = call.n - rest;
  // A small B is in a cache once the first tile has read it.
  const bool asks = call.m <= kRowsMax || call.k * call.n > kElementsInPlaceMax;
  const std::size_t ahead = asks ? kRowsAhead * call.b_stride : 0;
  if (part.columns > 0) {
    multiply_chunk(call, part, {call.b, call.b_stride, width, ahead, call.b_stride, true}, nullptr);
  }
  if (rest == 0) return true;
  part.column = part.columns;
  part.columns = rest;
  multiply_chunk(call, part, {last_panel.get(), width, call.k * width, 0, 0, false}, nullptr);
  return true;
}

// B given as rows [n, k].
void multiply_dotted(const GemmCall& call, const float* b, std::size_t b_stride) {
  // Room for whole vectors behind the last column.
  HWY_ALIGN float sums[2 * (kNarrowMax + HWY_MAX_BYTES / sizeof(float))];
  constexpr std::size_t kStride = kNarrowMax + HWY_MAX_BYTES / sizeof(float);
  const std::size_t columns_most = call.n < narrow_below() ? call.n : static_cast<std::size_t>(kDotSums);
  for_even_blocks(call.n, columns_most, [&](std::size_t column, std::size_t columns) HWY_ATTR {
    for (std::size_t row = 0; row < call.m; row += 2) {
      const std::size_t rows = std::min<std::size_t>(2, call.m - row);
      dot_products({call.a + row * call.a_stride, call.a_stride, b + column * b_stride, b_stride, call.k}, rows,
                   columns, call.n, sums, kStride);
      store_sums(call, sums, kStride, row, rows, column, columns);
    }
  });
}

bool run_gemm(const GemmCall& call) {
  const bool dots = HWY_TARGET != HWY_SCALAR && !call.transpose_a;
  if (call.packed_b != nullptr) {
    if (call.n >= narrow_below()) return multiply_panels(call);
    if (dots) {
      multiply_dotted(call, call.packed_b, narrow_stride(call.k));
      return true;
    }
    GemmCall rows = call;
    rows.packed_b = nullptr;
    rows.b = call.packed_b;
    rows.b_stride = narrow_stride(call.k);
    rows.transpose_b = true;
    return multiply_panels(rows);
  }
  if (call.transpose_b) {
    if (!dots || call.m > kRowsDottedMax) return multiply_panels(call);
    multiply_dotted(call, call.b, call.b_stride);
    return true;
  }
  const bool reads_a_well = !call.transpose_a || call.m <= kRowsTransposedMax;
  // Without masks each row of B would be copied.
  if (kHasMemoryMasks && reads_a_well && call.n <= hn::Lanes(D()) && call.k * call.n <= kElementsNarrowMax) {
    multiply_narrow(call);
    return true;
  }
  const bool reads_b_well = call.m <= kRowsInPlaceMax || call.k * call.n <= kElementsInPlaceMax;
  return reads_a_well && reads_b_well ? multiply_both_in_place(call) : multiply_panels(call);
}

std::size_t packed_size(std::size_t k, std::size_t n) {
  if (n < narrow_below()) return narrow_stride(k) * n;
  return (n + panel_width() - 1) / panel_width() * panel_width() * k;
}

void pack_b(const float* b, std::size_t stride, bool transposed, std::size_t k, std::size_t n, float* destination) {
  if (n >= narrow_below()) return pack_panels(b, stride, transposed, k, n, destination);
  const std::size_t row = narrow_stride(k);
  std::fill_n(destination, row * n, 0.0F);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t p = 0; p < k; ++p) destination[j * row + p] = transposed ? b[j * stride + p] : b[p * stride + j];
  }
}

std::size_t width_of_panels() { return panel_width(); }

std::int64_t target() { return HWY_TARGET; }

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(run_gemm);
HWY_EXPORT(width_of_panels);
HWY_EXPORT(packed_size);
HWY_EXPORT(pack_b);
HWY_EXPORT(target);

bool run_gemm(const GemmCall& call) { return HWY_DYNAMIC_DISPATCH(run_gemm)(call); }

std::size_t gemm_panel_width() { return HWY_DYNAMIC_DISPATCH(width_of_panels)(); }

std::size_t packed_size(std::size_t k, std::size_t n) { return HWY_DYNAMIC_DISPATCH(packed_size)(k, n); }

void pack_b(const float* b, std::size_t stride, bool transposed, std::size_t k, std::size_t n, float* destination) {
  HWY_DYNAMIC_DISPATCH(pack_b)(b, stride, transposed, k, n, destination);
}

std::int64_t gemm_target() { return HWY_DYNAMIC_DISPATCH(target)(); }

}  // namespace myelin::kernels::cpu
#endif
