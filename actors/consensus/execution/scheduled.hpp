/// Executes transactions that name their keys: those that share none on many threads at once, those that do in order.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "execution/arena.hpp"
#include "execution/execute.hpp"
#include "execution/state_table.hpp"
#include "myelin/consensus/workers.hpp"

namespace myelin::consensus {

/// Each key has a chain: its writers in order, and between two of them any number of readers. A transaction is ready
/// once all before it in the chains of its keys have run. So nothing runs twice, and nobody waits for what they do not
/// need. **Thread-safety**: thread-compatible.
class Scheduled {
 public:
  /// **Requires**: names_its_keys() for each; no Operation::reconfigure; the state has room for all they can write.
  void execute(StateTable& cells, WallTime time, std::span<const Task> tasks, Workers& workers);

 private:
  class View;

  static constexpr std::uint32_t kNone = 0xffff'ffff;

  /// A key of the block.
  struct Place {
    std::string_view key;
    std::uint64_t hash = 0;
    const StateTable::Entry* entry = nullptr;  // null where the state has none
    Cell cell;
    bool is_written = false;
    // While the chains are made:
    std::uint32_t last_writer = kNone;
    std::uint32_t last_reader = kNone;  // in readers_
  };
  /// A transaction that must wait for another; in a list a transaction.
  struct Edge {
    std::uint32_t to = kNone;
    std::uint32_t next = kNone;
  };
  struct Reader {
    std::uint32_t task = kNone;
    std::uint32_t next = kNone;
  };
  struct Node {
    std::uint32_t first_place = 0;          // in places_of_
    std::uint32_t successors = kNone;       // in edges_
    std::atomic<std::uint32_t> missing{0};  // transactions before it, and the cursor, that have not passed
  };
  struct alignas(64) Worker {
    Arena arena;
    std::uint32_t completed = 0;  // not yet added to completed_
    StateTable::Changes changes;
  };

  void write_back(StateTable& cells, Workers& workers);
  void begin(std::span<const Task> tasks, std::size_t workers);
  void make_chains(const StateTable& cells, WallTime time);
  void access(const StateTable& cells, WallTime time, std::uint32_t task, std::string_view key, bool is_write);
  [[nodiscard]] std::uint32_t place_of(const StateTable& cells, WallTime time, std::string_view key);
  void add_edge(std::uint32_t from, std::uint32_t to);

  void work(std::size_t worker, WallTime time);
  [[nodiscard]] std::uint32_t run(std::uint32_t task, Worker& worker, WallTime time);
  [[nodiscard]] bool passes(std::uint32_t task) noexcept;
  void push_ready(std::uint32_t task) noexcept;
  [[nodiscard]] std::uint32_t pop_ready() noexcept;

  std::span<const Task> tasks_;
  std::vector<std::uint32_t> index_;  // of places by hash; open addressing
  std::vector<Place> places_;
  std::vector<std::uint32_t> places_of_;  // the transactions' places, one after the other
  std::vector<Edge> edges_;
  std::vector<Reader> readers_;
  std::unique_ptr<Node[]> nodes_;
  std::unique_ptr<std::atomic<std::uint32_t>[]> ready_;  // each transaction passes through at most once
  std::size_t capacity_ = 0;
  std::unique_ptr<Worker[]> workers_;
  std::size_t worker_count_ = 0;
  alignas(64) std::atomic<std::uint32_t> cursor_{0};
  alignas(64) std::atomic<std::uint32_t> ready_head_{0};
  alignas(64) std::atomic<std::uint32_t> ready_tail_{0};
  alignas(64) std::atomic<std::uint32_t> completed_{0};
};

}  // namespace myelin::consensus
