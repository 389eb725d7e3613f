/// What a core has counted since it was made.
#pragma once

#include <array>
#include <cstdint>

#include "myelin/consensus/vertex.hpp"

namespace myelin::consensus {

struct CoreMetrics {
  std::uint64_t accepted = 0;  ///< Vertices in the DAG, own ones included.
  std::uint64_t proposed = 0;  ///< Own vertices.
  std::uint64_t commits = 0;
  std::uint64_t committed_vertices = 0;
  std::uint64_t expected_commits = 0;  ///< Told as Expected before, and right.
  std::uint64_t direct_commits = 0;    ///< Slots decided by votes alone.
  std::uint64_t indirect_commits = 0;  ///< Slots decided by an anchor.
  std::uint64_t direct_skips = 0;
  std::uint64_t indirect_skips = 0;
  std::uint64_t timeouts = 0;          ///< Rounds that went on without an author they had waited for.
  std::uint64_t fetches = 0;           ///< Requests for missing vertices.
  std::uint64_t snapshots = 0;         ///< Snapshots installed.
  std::uint64_t equivocations = 0;     ///< Rounds in which an author was caught.
  std::uint64_t requeued_batches = 0;  ///< Own batches taken back from vertices that were collected uncommitted.
  std::array<std::uint64_t, kRefusals> refused{};  ///< By Refusal.

  // As they are now.
  std::uint64_t vertices = 0;         ///< Held in the DAG.
  std::uint64_t dag_bytes = 0;        ///< Memory that those take, payloads included.
  std::uint64_t suspended = 0;        ///< Waiting for parents.
  std::uint64_t missing = 0;          ///< Named, and not here.
  std::uint64_t pending_batches = 0;  ///< Own, in no vertex yet.
  std::uint64_t pending_bytes = 0;
};

}  // namespace myelin::consensus
