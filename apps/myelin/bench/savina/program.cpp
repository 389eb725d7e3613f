#include "bench/savina/program.hpp"

#include <fmt/format.h>

#include "bench/savina/myelin.hpp"
#include "bench/savina/outcome.hpp"
#include "bench/savina/raw_caf.hpp"
#include "bench/savina/references.hpp"

namespace myelin::tool::savina {

namespace {

std::uint64_t messages(const Work& work) { return work.messages; }
std::uint64_t agents(const Work& work) { return work.agents; }
std::uint64_t agents_times_messages(const Work& work) { return work.agents * work.messages; }

/// What has `agents` agents and `messages` messages, each.
Work of(std::uint64_t agents, std::uint64_t messages) { return {.agents = agents, .messages = messages}; }

}  // namespace

std::vector<Program> programs() {
  return {
      {.name = "PingPong",
       .key = "ping-pong",
       .per = "a round trip",
       .full = of(2, 200'000),
       .quick = of(2, 10'000),
       .operations = messages,
       .expected = messages,
       .in_caf = in_caf::ping_pong,
       .in_myelin = in_myelin::ping_pong,
       .in_erlang = true,
       .on_each_number_of_workers = true},
      {.name = "Counting",
       .key = "counting",
       .per = "a message",
       .full = of(2, 1'000'000),
       .quick = of(2, 50'000),
       .operations = messages,
       .expected = messages,
       .in_caf = in_caf::counting,
       .in_myelin = in_myelin::counting,
       .in_erlang = true},
      {.name = "Fork-Join throughput",
       .key = "fork-join-throughput",
       .per = "a message",
       .full = of(60, 10'000),
       .quick = of(60, 500),
       .operations = agents_times_messages,
       .expected = fork_join_throughput_sum,
       .in_caf = in_caf::fork_join_throughput,
       .in_myelin = in_myelin::fork_join_throughput},
      {.name = "Fork-Join create",
       .key = "fork-join-create",
       .per = "an agent",
       .full = of(100'000, 1),
       .quick = of(5'000, 1),
       .operations = agents,
       .expected = fork_join_create_sum,
       .in_caf = in_caf::fork_join_create,
       .in_myelin = in_myelin::fork_join_create},
      {.name = "ThreadRing",
       .key = "thread-ring",
       .per = "a hop",
       .full = of(100, 300'000),
       .quick = of(100, 10'000),
       .operations = messages,
       .expected = ring_end,
       .in_caf = in_caf::thread_ring,
       .in_myelin = in_myelin::thread_ring,
       .in_erlang = true},
      {.name = "Chameneos",
       .key = "chameneos",
       .per = "a meeting",
       .full = of(100, 200'000),
       .quick = of(100, 10'000),
       .operations = messages,
       .expected = [](const Work& work) { return 2 * work.messages; },
       .in_caf = in_caf::chameneos,
       .in_myelin = in_myelin::chameneos},
      {.name = "Big",
       .key = "big",
       .per = "a round trip",
       .full = of(120, 4'000),
       .quick = of(120, 100),
       .operations = agents_times_messages,
       .expected = agents_times_messages,
       .in_caf = in_caf::big,
       .in_myelin = in_myelin::big,
       .in_erlang = true},
      {.name = "BoundedBuffer",
       .key = "bounded-buffer",
       .per = "an item",
       .full = of(40, 2'500),
       .quick = of(40, 100),
       .operations = agents_times_messages,
       .expected = consumed_sum,
       .in_caf = in_caf::bounded_buffer,
       .in_myelin = in_myelin::bounded_buffer},
      {.name = "Banking",
       .key = "banking",
       .per = "a transfer",
       .full = of(1'000, 100'000),
       .quick = of(1'000, 5'000),
       .operations = messages,
       .expected = weighted_balances,
       .in_caf = in_caf::banking,
       .in_myelin = in_myelin::banking},
      {.name = "UCT",
       .key = "uct",
       .per = "a node",
       .full = of(10, 0),  // The greatest depth: 157,002 nodes.
       .quick = of(6, 0),
       .operations = [](const Work& work) { return tree_nodes(work.agents); },
       .expected = tree_result_of,
       .in_caf = in_caf::uct,
       .in_myelin = in_myelin::uct},
      {.name = "NQueens",
       .key = "nqueens",
       .per = "a solution",
       .full = of(20, 12),  // Workers, and the size of the board.
       .quick = of(20, 9),
       .operations = [](const Work& work) { return queens_known(work.messages); },
       .expected = [](const Work& work) { return queens_known(work.messages); },
       .in_caf = in_caf::nqueens,
       .in_myelin = in_myelin::nqueens},
      {.name = "Skynet",
       .key = "skynet",
       .per = "a leaf",
       .full = of(1'000'000, 0),
       .quick = of(10'000, 0),
       .operations = agents,
       .expected = skynet_sum,
       .in_caf = in_caf::skynet,
       .in_myelin = in_myelin::skynet,
       .in_erlang = true},
  };
}

double figure(const Program& program, const Work& work, const std::string& side, const Finish& finish) {
  const std::uint64_t expected = program.expected(work);
  if (finish.result != expected) {
    throw Failed{fmt::format("{} in {} came to {}, not to {}", program.name, side, finish.result, expected)};
  }
  return finish.nanoseconds / static_cast<double>(program.operations(work));
}

}  // namespace myelin::tool::savina
