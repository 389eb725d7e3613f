// Attention, compiled once per SIMD target: some queries at a time, scores against all keys, a softmax, and the sum of
// the values, each in cache when the next one reads it.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/attention_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/attention_kernels.hpp"
#include "cpu/elementary-inl.h"
#include "cpu/partial-inl.h"
#include "cpu/reduction_kernels.hpp"
#include "cpu/tile-inl.h"
#include "cpu/transpose-inl.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Fewer queries than these meet keys and values where they lie: packing would cost more than it saves.
constexpr std::size_t kQueriesInPlaceMax = 3;
// Up to so many read the whole panels of the values where they lie, and only the keys are turned round.
constexpr std::size_t kQueriesValuesInPlaceMax = 64;
// Queries at a time: a multiple of the tile's 6 rows. 24 rows of 1,024 scores are 96 KiB of a 512 KiB L2.
constexpr std::size_t kQueriesAtOnce = 24;
constexpr std::size_t kScoresAtOnce = 24UL * 1024UL;

AttentionWork attention_work(std::size_t queries, std::size_t keys, std::size_t dim, std::size_t value_dim) {
  const std::size_t lanes = hn::Lanes(D());
  AttentionWork work;
  work.rows =
      queries <= kQueriesInPlaceMax
          ? 1
          : std::min(queries, std::clamp(kScoresAtOnce / keys / kTileRows * kTileRows, kTileRows, kQueriesAtOnce));
  work.scores = work.rows * whole_vectors(keys);
  if (queries <= kQueriesInPlaceMax) return work;
  work.packed_keys = whole_vectors(keys) * dim;
  const std::size_t in_place = queries <= kQueriesValuesInPlaceMax ? value_dim / lanes * lanes : 0;
  work.packed_values = whole_vectors(value_dim - in_place) * keys;
  work.columns_in_place = in_place;
  return work;
}

bool is_packed(std::size_t queries) { return queries > kQueriesInPlaceMax; }

void pack_head(const AttentionHead& head, const AttentionWork& sizes, float* work) {
  if (!is_packed(head.queries)) return;
  const std::size_t width = tile_panel_width();
  for (std::size_t j = 0; j < head.keys; j += width) {
    const std::size_t columns = std::min(width, head.keys - j);
    const std::size_t stride = whole_vectors(columns);
    float* panel = work + j * head.dim;
    if (columns < stride) std::fill_n(panel, stride * head.dim, 0.0F);
    transpose_rows(head.k + j * head.k_stride, head.k_stride, columns, head.dim, panel, stride);
  }
  float* values = work + sizes.packed_keys;
  for (std::size_t j = sizes.columns_in_place; j < head.value_dim; j += width) {
    const std::size_t columns = std::min(width, head.value_dim - j);
    const std::size_t stride = whole_vectors(columns);
    float* to = values + (j - sizes.columns_in_place) * head.keys;
    if (columns < stride) std::fill_n(to, stride * head.keys, 0.0F);
    for (std::size_t i = 0; i < head.keys; ++i, to += stride) {
      std::memcpy(to, head.v + i * head.v_stride + j, columns * sizeof(float));
    }
  }
}

// How many of the keys, from the first on, query i may look at.
std::size_t visible_keys(const AttentionHead& head, std::size_t i) {
  if (!head.causal) return head.keys;
  const std::size_t last = i + head.keys;  // + 1 - queries
  return last + 1 <= head.queries ? 0 : std::min(last + 1 - head.queries, head.keys);
}

// Turns `count` scores into e^(score * scale + mask - largest), and returns what makes their sum 1; 0 for none that
// counts.
float powers_of_row(float* scores, std::size_t count, float scale, const float* mask) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const V factor = hn::Set(d, scale);
  const V lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  V largest = lowest;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const V addend = mask != nullptr ? hn::LoadU(d, mask + i) : hn::Zero(d);
    const V v = hn::MulAdd(hn::LoadU(d, scores + i), factor, addend);
    hn::StoreU(v, d, scores + i);
    largest = hn::Max(largest, v);
  }
  if (i < count) {
    const std::size_t rest = count - i;
    const V addend = mask != nullptr ? load_partial(d, rest, mask + i) : hn::Zero(d);
    const V v = hn::MulAdd(load_partial(d, rest, scores + i), factor, addend);
    store_partial(v, d, rest, scores + i);
    largest = hn::Max(largest, hn::IfThenElse(hn::FirstN(d, rest), v, lowest));
  }
  largest = hn::MaxOfLanes(d, largest);
  // Where no key counts, differences to the largest would be NaN. A NaN among the scores may be lost in the maximum:
  // its own difference is NaN again, unless this limit swallows it, which it does not.
  largest = hn::Max(largest, hn::Set(d, std::numeric_limits<float>::lowest()));
  constexpr std::size_t kAtOnce = 4;
  V sums4[kAtOnce] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  i = 0;
  for (; i + kAtOnce * lanes <= count; i += kAtOnce * lanes) {
    V powers[kAtOnce];
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kAtOnce; ++j) powers[j] = hn::Sub(hn::LoadU(d, scores + i + j * lanes), largest);
    exps_of_non_positive(d, powers);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kAtOnce; ++j) {
      hn::StoreU(powers[j], d, scores + i + j * lanes);
      sums4[j] = hn::Add(sums4[j], powers[j]);
    }
  }
  V sums = hn::Add(hn::Add(sums4[0], sums4[1]), hn::Add(sums4[2], sums4[3]));
  for (; i + lanes <= count; i += lanes) {
    const V power = exp_of_non_positive(d, hn::Sub(hn::LoadU(d, scores + i), largest));
    hn::StoreU(power, d, scores + i);
    sums = hn::Add(sums, power);
  }
  if (i < count) {
    const std::size_t rest = count - i;
    const V power = exp_of_non_positive(d, hn::Sub(load_partial(d, rest, scores + i), largest));
    store_partial(power, d, rest, scores + i);
    sums = hn::Add(sums, hn::IfThenElseZero(hn::FirstN(d, rest), power));
  }
  const float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  return sum == 0.0F ? 0.0F : 1.0F / sum;
}

void scale_row(float* row, std::size_t count, float scale) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const V factor = hn::Set(d, scale);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, row + i), factor), d, row + i);
  if (i < count) store_partial(hn::Mul(load_partial(d, count - i, row + i), factor), d, count - i, row + i);
}

const float* mask_row(const AttentionHead& head, std::size_t i) {
  return head.mask != nullptr ? head.mask + i * head.mask_stride : nullptr;
}

void attend_in_place(const AttentionHead& head, float* scores) {
  for (std::size_t i = 0; i < head.queries; ++i) {
    float* y = head.y + i * head.y_stride;
    std::fill_n(y, head.value_dim, 0.0F);
    const std::size_t visible = visible_keys(head, i);
    if (visible == 0) continue;
    if (head.dim == 0) {
      std::fill_n(scores, visible, 0.0F);
    } else {
      cpu::dot_rows(head.q + i * head.q_stride, head.k, head.k_stride, visible, head.dim, scores, nullptr);
    }
    const float share = powers_of_row(scores, visible, head.scale, mask_row(head, i));
    cpu::add_weighted_rows(scores, head.v, head.v_stride, visible, head.value_dim, y);
    scale_row(y, head.value_dim, share);
  }
}

void attend(const AttentionHead& head, const AttentionWork& sizes, float* work) {
  if (!is_packed(head.queries)) return attend_in_place(head, work);
  const std::size_t width = tile_panel_width();
  const float* keys = work;
  const float* values = work + sizes.packed_keys;
  float* scores = work + sizes.packed_keys + sizes.packed_values;
  const std::size_t score_stride = whole_vectors(head.keys);
  const std::size_t no_offset = 0;
  std::size_t q_rows[kQueriesAtOnce];
  std::size_t score_rows[kQueriesAtOnce];
  std::size_t y_rows[kQueriesAtOnce];
  float shares[kQueriesAtOnce];
  for (std::size_t i = 0; i < sizes.rows; ++i) {
    q_rows[i] = i * head.q_stride;
    score_rows[i] = i * score_stride;
    y_rows[i] = i * head.y_stride;
  }
  for (std::size_t first = 0; first < head.queries; first += sizes.rows) {
    const std::size_t rows = std::min(sizes.rows, head.queries - first);
    const std::size_t visible = visible_keys(head, first + rows - 1);  // of the last, which sees the most
    float* y = head.y + first * head.y_stride;
    if (visible == 0) {
      for (std::size_t i = 0; i < rows; ++i) std::fill_n(y + y_rows[i], head.value_dim, 0.0F);
      continue;
    }
    TileOperands score_tiles{.a = head.q + first * head.q_stride,
                             .runs = &no_offset,
                             .run_count = 1,
                             .run_length = head.dim,
                             .b_stride = width,
                             .b_gap = 0,
                             .c = scores,
                             .bias = nullptr,
                             .relu = false};
    for (std::size_t j = 0; j < visible; j += width) {
      const std::size_t columns = std::min(width, head.keys - j);
      score_tiles.b_stride = whole_vectors(columns);
      tiles_of_panel(score_tiles, q_rows, keys + j * head.dim, score_rows, rows, j,
                     std::min(columns, whole_vectors(visible - j)));
    }
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t seen = visible_keys(head, first + i);
      shares[i] = powers_of_row(scores + score_rows[i], seen, head.scale, mask_row(head, first + i));
      std::fill(scores + score_rows[i] + seen, scores + score_rows[i] + visible, 0.0F);
    }
    TileOperands value_tiles{.a = scores,
                             .runs = &no_offset,
                             .run_count = 1,
                             .run_length = visible,
                             .b_stride = head.v_stride,
                             .b_gap = 0,
                             .c = y,
                             .bias = nullptr,
                             .relu = false};
    for (std::size_t column = 0; column < head.value_dim;) {
      const bool in_place = column < sizes.columns_in_place;
      const std::size_t end = in_place ? sizes.columns_in_place : head.value_dim;
      const std::size_t columns = std::min(width, end - column);
      value_tiles.b_stride = in_place ? head.v_stride : whole_vectors(columns);
      const float* panel = in_place ? head.v + column : values + (column - sizes.columns_in_place) * head.keys;
      tiles_of_panel(value_tiles, score_rows, panel, y_rows, rows, column, columns);
      column += columns;
    }
    for (std::size_t i = 0; i < rows; ++i) scale_row(y + y_rows[i], head.value_dim, shares[i]);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(attention_work);
HWY_EXPORT(pack_head);
HWY_EXPORT(attend);

AttentionWork attention_work(std::size_t queries, std::size_t keys, std::size_t dim, std::size_t value_dim) {
  return HWY_DYNAMIC_DISPATCH(attention_work)(queries, keys, dim, value_dim);
}

void pack_head(const AttentionHead& head, const AttentionWork& sizes, float* work) {
  HWY_DYNAMIC_DISPATCH(pack_head)(head, sizes, work);
}

void attend(const AttentionHead& head, const AttentionWork& sizes, float* work) {
  HWY_DYNAMIC_DISPATCH(attend)(head, sizes, work);
}

}  // namespace myelin::kernels::cpu
#endif
