// BLAKE2b-256, one message a lane, compiled once per SIMD target. Source: RFC 7693.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/blake2b_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/blake2b_kernels.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "hwy/highway.h"

// Words are little-endian in the message and in the digest, and so in memory.
static_assert(std::endian::native == std::endian::little, "BLAKE2b here needs a little-endian CPU");

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<std::uint64_t>;
using Word = hn::Vec<Tag>;

constexpr std::size_t kBlock = 128;
constexpr std::size_t kDigest = 32;
constexpr std::size_t kLanes = HWY_LANES(std::uint64_t);

// With fewer messages than this in the lanes, one after another is quicker.
constexpr std::size_t kLanesWorthwhile = kLanes >= 8 ? 3 : 2;

constexpr std::uint64_t kInitial[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                       0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
// Digest length 32, no key, fanout and depth 1.
constexpr std::uint64_t kParameters = 0x01010000 | kDigest;

constexpr std::uint8_t kSigma[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

// What the compression is made of, for one message in plain words...
struct PlainOps {
  using W = std::uint64_t;
  static HWY_INLINE W load(const std::uint64_t* from) { return *from; }
  static HWY_INLINE void store(W w, std::uint64_t* to) { *to = w; }
  static HWY_INLINE W all(std::uint64_t w) { return w; }
  static HWY_INLINE W add(W a, W b) { return a + b; }
  static HWY_INLINE W exclusive_or(W a, W b) { return a ^ b; }
  template <int kBits>
  static HWY_INLINE W rotate(W w) {
    return std::rotr(w, kBits);
  }
};

// ... and for one message a lane.
struct LaneOps {
  using W = Word;
  static HWY_INLINE W load(const std::uint64_t* from) { return hn::Load(Tag(), from); }
  static HWY_INLINE void store(W w, std::uint64_t* to) { hn::Store(w, Tag(), to); }
  static HWY_INLINE W all(std::uint64_t w) { return hn::Set(Tag(), w); }
  static HWY_INLINE W add(W a, W b) { return hn::Add(a, b); }
  static HWY_INLINE W exclusive_or(W a, W b) { return hn::Xor(a, b); }
  // To the right. AVX-512 has an instruction; elsewhere these are shuffles of bytes, and one bit is an addition.
  template <int kBits>
  static HWY_INLINE W rotate(W w) {
#if HWY_TARGET == HWY_SCALAR || (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3)
    return hn::RotateRight<kBits>(w);
#else
    const Tag d;
    if constexpr (kBits == 32) {
      const hn::Repartition<std::uint32_t, Tag> d32;
      return hn::BitCast(d, hn::Shuffle2301(hn::BitCast(d32, w)));
    } else if constexpr (kBits == 63) {
      return hn::Or(hn::ShiftRight<63>(w), hn::Add(w, w));
    } else {
      const hn::Repartition<std::uint8_t, Tag> d8;
      constexpr int k = kBits / 8;
      alignas(16) static constexpr std::uint8_t kOrder[16] = {
          (0 + k) % 8,     (1 + k) % 8,     (2 + k) % 8,     (3 + k) % 8,     (4 + k) % 8,     (5 + k) % 8,
          (6 + k) % 8,     (7 + k) % 8,     8 + (0 + k) % 8, 8 + (1 + k) % 8, 8 + (2 + k) % 8, 8 + (3 + k) % 8,
          8 + (4 + k) % 8, 8 + (5 + k) % 8, 8 + (6 + k) % 8, 8 + (7 + k) % 8};
      return hn::BitCast(d, hn::TableLookupBytes(hn::BitCast(d8, w), hn::LoadDup128(d8, kOrder)));
    }
#endif
  }
};

template <class Ops, class W>
HWY_INLINE void mix(W& a, W& b, W& c, W& d, W x, W y) {
  a = Ops::add(Ops::add(a, b), x);
  d = Ops::template rotate<32>(Ops::exclusive_or(d, a));
  c = Ops::add(c, d);
  b = Ops::template rotate<24>(Ops::exclusive_or(b, c));
  a = Ops::add(Ops::add(a, b), y);
  d = Ops::template rotate<16>(Ops::exclusive_or(d, a));
  c = Ops::add(c, d);
  b = Ops::template rotate<63>(Ops::exclusive_or(b, c));
}

// `words`: the block, word i of every lane from i * lanes on. The order of words is known when this is compiled, so
// that each is an operand in memory.
template <class Ops, std::size_t kWidth, std::size_t kRound, class W>
HWY_INLINE void mix_round(W (&v)[16], const std::uint64_t* words) {
  constexpr const std::uint8_t* s = kSigma[kRound];
  const auto m = [words](std::size_t i) HWY_ATTR { return Ops::load(words + i * kWidth); };
  mix<Ops>(v[0], v[4], v[8], v[12], m(s[0]), m(s[1]));
  mix<Ops>(v[1], v[5], v[9], v[13], m(s[2]), m(s[3]));
  mix<Ops>(v[2], v[6], v[10], v[14], m(s[4]), m(s[5]));
  mix<Ops>(v[3], v[7], v[11], v[15], m(s[6]), m(s[7]));
  mix<Ops>(v[0], v[5], v[10], v[15], m(s[8]), m(s[9]));
  mix<Ops>(v[1], v[6], v[11], v[12], m(s[10]), m(s[11]));
  mix<Ops>(v[2], v[7], v[8], v[13], m(s[12]), m(s[13]));
  mix<Ops>(v[3], v[4], v[9], v[14], m(s[14]), m(s[15]));
}

template <class Ops, std::size_t kWidth, class W, std::size_t... kRound>
HWY_INLINE void mix_rounds(W (&v)[16], const std::uint64_t* words, std::index_sequence<kRound...>) {
  (mix_round<Ops, kWidth, kRound>(v, words), ...);
}

// One block of every lane. `state` [8, lanes]; `counts` and `finals` [lanes]: bytes so far, and all ones in the last.
template <class Ops, std::size_t kWidth>
HWY_NOINLINE void compress(std::uint64_t* state, const std::uint64_t* words, const std::uint64_t* counts,
                           const std::uint64_t* finals) {
  typename Ops::W v[16];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) v[i] = Ops::load(state + i * kWidth);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) v[8 + i] = Ops::all(kInitial[i]);
  v[12] = Ops::exclusive_or(v[12], Ops::load(counts));  // messages of 2^64 bytes and more do not fit into memory
  v[14] = Ops::exclusive_or(v[14], Ops::load(finals));
  mix_rounds<Ops, kWidth>(v, words, std::make_index_sequence<12>());
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) {
    Ops::store(Ops::exclusive_or(Ops::load(state + i * kWidth), Ops::exclusive_or(v[i], v[8 + i])), state + i * kWidth);
  }
}

// Of so many bytes; the last block may be empty, if it is the only one.
std::size_t blocks_before_last(std::size_t bytes) { return bytes > kBlock ? (bytes - 1) / kBlock : 0; }

// What is left of a message, and how much is done.
struct Rest {
  const std::uint8_t* next = nullptr;
  std::size_t left = 0;
  std::uint64_t done = 0;
};

// The last block, filled up with zeros.
void take_last(Rest& rest, std::uint8_t* block) {
  std::memset(block, 0, kBlock);
  if (rest.left > 0) std::memcpy(block, rest.next, rest.left);
  rest.done += rest.left;
  rest.left = 0;
}

// The rest of one message alone.
void finish_alone(std::uint64_t* state, Rest rest, std::uint8_t* digest) {
  std::uint64_t words[16];
  const std::uint64_t not_last = 0;
  const std::uint64_t last = ~std::uint64_t{0};
  for (std::size_t blocks = blocks_before_last(rest.left); blocks > 0; --blocks) {
    std::memcpy(words, rest.next, kBlock);
    rest.next += kBlock;
    rest.left -= kBlock;
    rest.done += kBlock;
    compress<PlainOps, 1>(state, words, &rest.done, &not_last);
  }
  take_last(rest, reinterpret_cast<std::uint8_t*>(words));
  compress<PlainOps, 1>(state, words, &rest.done, &last);
  std::memcpy(digest, state, kDigest);
}

void start(std::uint64_t* state, std::size_t step) {
  for (std::size_t i = 0; i < 8; ++i) state[i * step] = kInitial[i];
  state[0] ^= kParameters;
}

void hash_one_by_one(MessageAt bytes, const void* context, std::size_t first, std::size_t count,
                     std::uint8_t* digests) {
  for (std::size_t i = first; i < count; ++i) {
    std::uint64_t state[8];
    start(state, 1);
    Rest rest;
    rest.next = bytes(context, i, rest.left);
    finish_alone(state, rest, digests + i * kDigest);
  }
}

#if HWY_TARGET != HWY_SCALAR

// Rows of kQuad words, of which kQuad at a time are transposed.
#if HWY_MAX_BYTES >= 32
constexpr std::size_t kQuad = 4;
#else
constexpr std::size_t kQuad = 2;
#endif
using QuadTag = hn::FixedTag<std::uint64_t, kQuad>;
using Quad = hn::Vec<QuadTag>;
constexpr std::size_t kQuadBytes = kQuad * sizeof(std::uint64_t);

// `load(l)` gives row l; `store(i, v)` takes word i of all of them.
template <class Load, class Store>
HWY_INLINE void transpose_quad(const Load& load, const Store& store) {
  const QuadTag d;
  const Quad a = load(0);
  const Quad b = load(1);
#if HWY_MAX_BYTES >= 32
  const Quad c = load(2);
  const Quad e = load(3);
  const Quad ab02 = hn::InterleaveLower(d, a, b);
  const Quad ab13 = hn::InterleaveUpper(d, a, b);
  const Quad ce02 = hn::InterleaveLower(d, c, e);
  const Quad ce13 = hn::InterleaveUpper(d, c, e);
  store(0, hn::ConcatLowerLower(d, ce02, ab02));
  store(1, hn::ConcatLowerLower(d, ce13, ab13));
  store(2, hn::ConcatUpperUpper(d, ce02, ab02));
  store(3, hn::ConcatUpperUpper(d, ce13, ab13));
#else
  store(0, hn::InterleaveLower(d, a, b));
  store(1, hn::InterleaveUpper(d, a, b));
#endif
}

// Word i of lane l's block goes to words[i * kLanes + l]. `load(l, i)` gives the words of lane l from i on.
template <class Load>
HWY_INLINE void transpose_block(const Load& load, std::uint64_t* words) {
  for (std::size_t lane = 0; lane < kLanes; lane += kQuad) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < 16; i += kQuad) {
      transpose_quad([&](std::size_t l) HWY_ATTR { return load(lane + l, i); },
                     [&](std::size_t word, Quad v)
                         HWY_ATTR { hn::StoreU(v, QuadTag(), words + (i + word) * kLanes + lane); });
    }
  }
}

HWY_INLINE void transpose(const std::uint8_t* const* blocks, std::uint64_t* words) {
  transpose_block(
      [&](std::size_t lane, std::size_t i)
          HWY_ATTR { return hn::LoadU(QuadTag(), reinterpret_cast<const std::uint64_t*>(blocks[lane]) + i); },
      words);
}

// The same of blocks that end after `lengths` bytes: beyond are zeros.
HWY_INLINE void transpose_ends(const std::uint8_t* const* blocks, const std::size_t* lengths, std::uint64_t* words) {
  const QuadTag d;
  transpose_block(
      [&](std::size_t lane, std::size_t i) HWY_ATTR {
        const std::size_t begin = i * sizeof(std::uint64_t);
        if (lengths[lane] >= begin + kQuadBytes) {
          return hn::LoadU(d, reinterpret_cast<const std::uint64_t*>(blocks[lane] + begin));
        }
        if (lengths[lane] <= begin) return hn::Zero(d);
        HWY_ALIGN std::uint64_t end[kQuad] = {};
        std::memcpy(end, blocks[lane] + begin, lengths[lane] - begin);
        return hn::Load(d, end);
      },
      words);
}

// A message a lane, where all have the same number of blocks, as leaves of a tree have: no lane waits for another, and
// nothing is kept between blocks but the state. False, with nothing done, where they have not.
bool hash_even(MessageAt bytes, const void* context, std::size_t first, std::uint8_t* digests) {
  const std::uint8_t* from[kLanes];
  std::size_t left[kLanes];
  HWY_ALIGN std::uint64_t counts[kLanes];
  HWY_ALIGN std::uint64_t finals[kLanes] = {};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    from[lane] = bytes(context, first + lane, left[lane]);
    counts[lane] = 0;
  }
  const std::size_t blocks = blocks_before_last(left[0]);
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    if (blocks_before_last(left[lane]) != blocks) return false;
  }
  HWY_ALIGN std::uint64_t state[8 * kLanes];
  HWY_ALIGN std::uint64_t words[16 * kLanes];
  const Tag d;
  hn::Store(hn::Set(d, kInitial[0] ^ kParameters), d, state);
#pragma GCC unroll 8
  for (std::size_t i = 1; i < 8; ++i) hn::Store(hn::Set(d, kInitial[i]), d, state + i * kLanes);
  for (std::size_t block = 0; block < blocks; ++block) {
    transpose(from, words);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      from[lane] += kBlock;
      left[lane] -= kBlock;
      counts[lane] += kBlock;
    }
    compress<LaneOps, kLanes>(state, words, counts, finals);
  }
  transpose_ends(from, left, words);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    counts[lane] += left[lane];
    finals[lane] = ~std::uint64_t{0};
  }
  compress<LaneOps, kLanes>(state, words, counts, finals);
  for (std::size_t lane = 0; lane < kLanes; lane += kQuad) {
#pragma GCC unroll 2
    for (std::size_t i = 0; i < kDigest / 8; i += kQuad) {
      transpose_quad([&](std::size_t word)
                         HWY_ATTR { return hn::LoadU(QuadTag(), state + (i + word) * kLanes + lane); },
                     [&](std::size_t l, Quad v) HWY_ATTR {
                       auto* to = reinterpret_cast<std::uint64_t*>(digests + (first + lane + l) * kDigest);
                       hn::StoreU(v, QuadTag(), to + i);
                     });
    }
  }
  return true;
}

// Messages come into the lanes as these become free; when few are left, they are finished alone.
class Lanes {
 public:
  // Of the messages from `first` on.
  Lanes(MessageAt bytes, const void* context, std::size_t first, std::size_t count, std::uint8_t* digests)
      : bytes_(bytes), context_(context), count_(count), digests_(digests), next_(first) {}

  void run() {
    for (std::size_t lane = 0; lane < kLanes; ++lane) refill(lane);
    while (busy_ >= kLanesWorthwhile) {
      whole_blocks();
      last_blocks();
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (!is_busy_[lane]) continue;
      std::uint64_t state[8];
      for (std::size_t i = 0; i < 8; ++i) state[i] = state_[i * kLanes + lane];
      finish_alone(state, rests_[lane], digests_ + messages_[lane] * kDigest);
    }
    hash_one_by_one(bytes_, context_, next_, count_, digests_);
  }

 private:
  void refill(std::size_t lane) {
    if (is_busy_[lane]) --busy_;
    is_busy_[lane] = next_ < count_;
    rests_[lane] = {};
    if (!is_busy_[lane]) return;
    ++busy_;
    messages_[lane] = next_;
    rests_[lane].next = bytes_(context_, next_, rests_[lane].left);
    ++next_;
    start(state_ + lane, kLanes);
  }

  // As many blocks as no lane's message ends in.
  void whole_blocks() {
    std::size_t blocks = SIZE_MAX;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (is_busy_[lane]) blocks = std::min(blocks, blocks_before_last(rests_[lane].left));
    }
    std::memset(finals_, 0, sizeof(finals_));
    const std::uint8_t* from[kLanes];
    std::size_t step[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      from[lane] = is_busy_[lane] ? rests_[lane].next : tails_[lane];
      step[lane] = is_busy_[lane] ? kBlock : 0;
      counts_[lane] = rests_[lane].done;
    }
    for (std::size_t block = 0; block < blocks; ++block) {
      transpose(from, words_);
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        from[lane] += step[lane];
        counts_[lane] += kBlock;
      }
      compress<LaneOps, kLanes>(state_, words_, counts_, finals_);
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (is_busy_[lane]) advance(rests_[lane], blocks * kBlock);
    }
  }

  // One block, the last one of at least one lane.
  void last_blocks() {
    const std::uint8_t* from[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      Rest& rest = rests_[lane];
      from[lane] = tails_[lane];
      finals_[lane] = 0;
      if (is_busy_[lane] && rest.left > kBlock) {
        from[lane] = rest.next;
        advance(rest, kBlock);
      } else if (is_busy_[lane]) {
        take_last(rest, tails_[lane]);
        finals_[lane] = ~std::uint64_t{0};
      }
      counts_[lane] = rest.done;
    }
    transpose(from, words_);
    compress<LaneOps, kLanes>(state_, words_, counts_, finals_);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (finals_[lane] == 0) continue;
      std::uint8_t* digest = digests_ + messages_[lane] * kDigest;
      for (std::size_t i = 0; i < kDigest / 8; ++i) std::memcpy(digest + 8 * i, &state_[i * kLanes + lane], 8);
      refill(lane);
    }
  }

  static void advance(Rest& rest, std::size_t bytes) {
    rest.next += bytes;
    rest.left -= bytes;
    rest.done += bytes;
  }

  MessageAt bytes_;
  const void* context_;
  std::size_t count_;
  std::uint8_t* digests_;
  std::size_t next_;
  std::size_t busy_ = 0;
  bool is_busy_[kLanes] = {};
  std::size_t messages_[kLanes] = {};
  Rest rests_[kLanes];
  HWY_ALIGN std::uint64_t state_[8 * kLanes] = {};
  HWY_ALIGN std::uint64_t words_[16 * kLanes] = {};
  HWY_ALIGN std::uint64_t counts_[kLanes] = {};
  HWY_ALIGN std::uint64_t finals_[kLanes] = {};
  HWY_ALIGN std::uint8_t tails_[kLanes][kBlock] = {};
};

#endif

void blake2b_256(MessageAt bytes, const void* context, std::size_t count, std::uint8_t* digests) {
  std::size_t first = 0;
#if HWY_TARGET != HWY_SCALAR
  while (count - first >= kLanes && hash_even(bytes, context, first, digests)) first += kLanes;
  if (count - first >= kLanesWorthwhile) return Lanes(bytes, context, first, count, digests).run();
#endif
  hash_one_by_one(bytes, context, first, count, digests);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(blake2b_256);

void blake2b_256(MessageAt bytes, const void* context, std::size_t count, std::uint8_t* digests) {
  HWY_DYNAMIC_DISPATCH(blake2b_256)(bytes, context, count, digests);
}

}  // namespace myelin::kernels::cpu
#endif
