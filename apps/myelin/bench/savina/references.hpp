/// What the programs compute, without agents: the pieces of work that both sides call, and the results that both must
/// reach, found by plain loops.
#pragma once

#include <cstdint>

#include "bench/savina/work.hpp"

namespace myelin::tool::savina {

/// Scatters the bits of a number; different numbers give different results. **Source**: SplitMix64 (Steele, 2014).
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15ULL;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9ULL;
  number = (number ^ (number >> 27)) * 0x94d049bb133111ebULL;
  return number ^ (number >> 31);
}

/// Some work on a number: `times` mixes, a few nanoseconds each.
[[nodiscard]] constexpr std::uint64_t toil(std::uint64_t number, int times) {
  for (int i = 0; i < times; ++i) number = mix(number);
  return number;
}

// -- Counting, ThreadRing, Fork-Join
// -----------------------------------------------------------------------------------

/// Where the token is when its hops are used up. The first agent has it before the first hop.
[[nodiscard]] std::uint64_t ring_end(const Work& work);
/// The sum of what all the workers make of all their messages.
[[nodiscard]] std::uint64_t fork_join_throughput_sum(const Work& work);
[[nodiscard]] std::uint64_t fork_join_create_sum(const Work& work);

// -- Chameneos
// ---------------------------------------------------------------------------------------------------------

inline constexpr std::uint64_t kColours = 3;
/// What a chameneo of one colour becomes when it meets one of another: the third colour; their own, if it is the same.
[[nodiscard]] constexpr std::uint64_t complement(std::uint64_t colour, std::uint64_t other) {
  return colour == other ? colour : kColours - colour - other;
}

// -- BoundedBuffer
// -----------------------------------------------------------------------------------------------------

/// Items that the buffer holds before producers must wait.
inline constexpr std::uint64_t kBufferItems = 50;
/// The item `number` of a producer, with the work of making it.
[[nodiscard]] std::uint64_t produce(std::uint64_t producer, std::uint64_t number);
/// The work of using it.
[[nodiscard]] std::uint64_t consume(std::uint64_t item);
[[nodiscard]] std::uint64_t consumed_sum(const Work& work);

// -- Banking
// -----------------------------------------------------------------------------------------------------------

struct Transaction {
  std::uint64_t from;
  std::uint64_t to;  ///< Another account.
  std::uint64_t amount;
};
inline constexpr std::uint64_t kFirstBalance = 1'000'000;
/// Transfers that are under way at the same time.
inline constexpr std::uint64_t kTransfersOpen = 1000;
[[nodiscard]] Transaction transaction(std::uint64_t number, std::uint64_t accounts);
/// What an account adds to the result: its balance, weighted, so that money on the wrong account shows.
[[nodiscard]] constexpr std::uint64_t weighted_balance(std::uint64_t account, std::uint64_t balance) {
  return balance * (account + 1);
}
[[nodiscard]] std::uint64_t weighted_balances(const Work& work);

// -- UCT: a random tree that is irregular, and grown before it is known
// -------------------------------------------------

inline constexpr std::uint64_t kTreeSeed = 2016;
/// How many children a node has: ten the root, up to six the others, none at the greatest depth.
[[nodiscard]] std::uint64_t tree_children(std::uint64_t seed, std::uint64_t depth, std::uint64_t depth_max);
[[nodiscard]] constexpr std::uint64_t tree_child_seed(std::uint64_t seed, std::uint64_t child) {
  return mix(seed + child + 1);
}
/// The work of one node.
[[nodiscard]] std::uint64_t tree_value(std::uint64_t seed);
/// The whole tree as one number: its nodes and the sum of their values.
[[nodiscard]] constexpr std::uint64_t tree_result(std::uint64_t nodes, std::uint64_t values) {
  return mix(nodes) + values;
}
[[nodiscard]] std::uint64_t tree_nodes(std::uint64_t depth_max);
[[nodiscard]] std::uint64_t tree_result_of(const Work& work);

// -- NQueens
// -----------------------------------------------------------------------------------------------------------

/// Queens in the first rows of a board, as bits of the next row that they threaten.
struct Board {
  std::uint64_t row = 0;
  std::uint64_t columns = 0;
  std::uint64_t left = 0;   ///< By diagonals that go left.
  std::uint64_t right = 0;  ///< By diagonals that go right.
};
/// Rows that are placed by messages; the rest of a board is searched by whoever gets it.
inline constexpr std::uint64_t kQueenRowsByMessage = 6;
/// Calls `each(Board)` for every queen that can stand in the next row of `board`.
template <class Each>
void for_each_queen(const Board& board, std::uint64_t size, Each&& each) {
  std::uint64_t free = ((std::uint64_t{1} << size) - 1) & ~(board.columns | board.left | board.right);
  for (; free != 0; free &= free - 1) {
    const std::uint64_t queen = free & (~free + 1);
    each(Board{board.row + 1, board.columns | queen, (board.left | queen) << 1, (board.right | queen) >> 1});
  }
}
/// In how many ways a board can be filled.
[[nodiscard]] std::uint64_t queens_solutions(const Board& board, std::uint64_t size);
/// **Source**: OEIS A000170. **Requires**: size <= 14.
[[nodiscard]] std::uint64_t queens_known(std::uint64_t size);

// -- Skynet
// ------------------------------------------------------------------------------------------------------------

inline constexpr std::uint64_t kSkynetChildren = 10;
[[nodiscard]] std::uint64_t skynet_sum(const Work& work);

}  // namespace myelin::tool::savina
