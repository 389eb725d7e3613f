#include "bench/savina/references.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace myelin::tool::savina {

namespace {

constexpr int kItemToil = 25;   // Savina's cost of producing, and of consuming, an item
constexpr int kNodeToil = 100;  // Savina's "urge" of a node

struct Tree {
  std::uint64_t nodes = 0;
  std::uint64_t values = 0;
};

void visit(Tree& tree, std::uint64_t seed, std::uint64_t depth, std::uint64_t depth_max, bool with_values) {
  ++tree.nodes;
  if (with_values) tree.values += tree_value(seed);
  const std::uint64_t children = tree_children(seed, depth, depth_max);
  for (std::uint64_t child = 0; child < children; ++child) {
    visit(tree, tree_child_seed(seed, child), depth + 1, depth_max, with_values);
  }
}

std::uint64_t sum_of_mixes(std::uint64_t count) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < count; ++i) sum += mix(i);
  return sum;
}

}  // namespace

std::uint64_t ring_end(const Work& work) { return work.messages % work.agents; }

std::uint64_t fork_join_throughput_sum(const Work& work) { return work.agents * sum_of_mixes(work.messages); }

std::uint64_t fork_join_create_sum(const Work& work) { return sum_of_mixes(work.agents); }

std::uint64_t produce(std::uint64_t producer, std::uint64_t number) {
  return toil((producer << 32) + number, kItemToil);
}

std::uint64_t consume(std::uint64_t item) { return toil(item, kItemToil); }

std::uint64_t consumed_sum(const Work& work) {
  std::uint64_t sum = 0;
  for (std::uint64_t producer = 0; producer < work.agents; ++producer) {
    for (std::uint64_t number = 0; number < work.messages; ++number) sum += consume(produce(producer, number));
  }
  return sum;
}

Transaction transaction(std::uint64_t number, std::uint64_t accounts) {
  constexpr std::uint64_t kAmountMax = 100;
  const std::uint64_t from = mix(3 * number) % accounts;
  const std::uint64_t others = mix(3 * number + 1) % (accounts - 1);
  return {from, (from + 1 + others) % accounts, 1 + mix(3 * number + 2) % kAmountMax};
}

std::uint64_t weighted_balances(const Work& work) {
  std::vector<std::uint64_t> balances(work.agents, kFirstBalance);
  for (std::uint64_t number = 0; number < work.messages; ++number) {
    const Transaction transfer = transaction(number, work.agents);
    balances[transfer.from] -= transfer.amount;
    balances[transfer.to] += transfer.amount;
  }
  std::uint64_t sum = 0;
  for (std::uint64_t account = 0; account < work.agents; ++account) sum += weighted_balance(account, balances[account]);
  return sum;
}

std::uint64_t tree_children(std::uint64_t seed, std::uint64_t depth, std::uint64_t depth_max) {
  constexpr std::uint64_t kRootChildren = 10;
  constexpr std::uint64_t kChildrenMax = 6;
  if (depth == depth_max) return 0;
  return depth == 0 ? kRootChildren : mix(seed) % (kChildrenMax + 1);
}

std::uint64_t tree_value(std::uint64_t seed) { return toil(seed, kNodeToil); }

std::uint64_t tree_nodes(std::uint64_t depth_max) {
  Tree tree;
  visit(tree, kTreeSeed, 0, depth_max, false);
  return tree.nodes;
}

std::uint64_t tree_result_of(const Work& work) {
  Tree tree;
  visit(tree, kTreeSeed, 0, work.agents, true);
  return tree_result(tree.nodes, tree.values);
}

std::uint64_t queens_solutions(const Board& board, std::uint64_t size) {
  if (board.row == size) return 1;
  std::uint64_t solutions = 0;
  for_each_queen(board, size, [&](const Board& next) { solutions += queens_solutions(next, size); });
  return solutions;
}

std::uint64_t queens_known(std::uint64_t size) {
  constexpr std::array<std::uint64_t, 15> kSolutions{1,  1,   0,   0,     2,      10,     4,      40,
                                                     92, 352, 724, 2'680, 14'200, 73'712, 365'596};
  return kSolutions.at(size);
}

std::uint64_t skynet_sum(const Work& work) { return work.agents * (work.agents - 1) / 2; }

}  // namespace myelin::tool::savina
