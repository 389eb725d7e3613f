/// Vertices through one validator's core, and what they cost there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "myelin/consensus/core.hpp"

namespace myelin::tool {

/// A committee of which one validator is a real core and the others' vertices are made beforehand, each with all
/// vertices of the round before as parents. Signatures are stubs: all else is as in a running group. **Thread-safety**:
/// thread-compatible.
class CoreRounds {
 public:
  explicit CoreRounds(std::size_t validators);
  ~CoreRounds();
  CoreRounds(CoreRounds&&) noexcept;
  CoreRounds& operator=(CoreRounds&&) noexcept;

  /// Seconds of processor time a part took.
  struct Spent {
    std::uint64_t vertices = 0;
    double reading = 0;   ///< read_vertex(): structure, digest, rules.
    double stepping = 0;  ///< Core::step(): the DAG, the commit rule, the order, own vertices.
  };
  /// Runs so many further rounds, each of as many vertices as there are validators.
  Spent run(std::uint64_t rounds);

  [[nodiscard]] std::uint64_t commits() const noexcept;
  [[nodiscard]] consensus::CoreMetrics metrics() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Seconds that the DAG store and the commit rule alone take for a vertex, over so many full rounds.
[[nodiscard]] double commit_rule_seconds(std::size_t validators, std::uint64_t rounds);

/// Bytes that a core holds for each round that it has not forgotten, with vertices that carry nothing.
[[nodiscard]] double bytes_per_round_held(std::size_t validators);

}  // namespace myelin::tool
