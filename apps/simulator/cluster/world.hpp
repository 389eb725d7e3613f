/// All that the parts of one run share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "checkers/commit_checker.hpp"
#include "checkers/execution_checker.hpp"
#include "checkers/own_vertices.hpp"
#include "cluster/key_ring.hpp"
#include "cluster/scenario.hpp"
#include "cluster/tally.hpp"
#include "engine/random.hpp"
#include "engine/schedule.hpp"
#include "engine/timeline.hpp"
#include "myelin/consensus/core.hpp"

namespace myelin::sim {

/// What travels between validators: a message, or bytes that claim to be a vertex.
using Letter = std::variant<consensus::PeerMessage, consensus::VertexBytes>;

struct Envelope {
  consensus::Epoch epoch = 0;
  std::size_t from = 0;  ///< Validator.
  Letter letter;
};
using EnvelopePtr = std::shared_ptr<const Envelope>;

/// Who sends: twins are two processes of one validator.
struct ProcessId {
  std::size_t validator = 0;
  unsigned copy = 0;
};

/// **Thread-safety**: thread-compatible; each run has its own.
struct World {
  World(const Plan& the_plan, Mutant the_mutant, bool real_signatures, std::size_t timeline_lines)
      : plan{the_plan},
        mutant{the_mutant},
        random{scramble(the_plan.seed ^ 0x5eedULL)},
        timeline{schedule, timeline_lines},
        keys{the_plan.validators, real_signatures, random.fork(1)} {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const Plan& plan;
  const Mutant mutant;
  Random random;
  Schedule schedule;
  Timeline timeline;
  KeyRing keys;
  Tally tally;
  /// What all liars say alike: a commit that never was, and the state after it.
  struct CommonLie {
    consensus::IndexedDigest commit;
    consensus::Digest state_root;
  };
  std::optional<CommonLie> common_lie;
  bool is_calm = false;            ///< After the stabilisation time: no crashes, no lost messages.
  bool has_missed_commit = false;  ///< The mutant has: one executor, or there would be none to compare with.

  OwnVertices own;
  CommitChecker commits;
  ExecutionChecker execution;

  /// Carries a letter to all processes of a validator; `round` is what twins are told apart by.
  std::function<void(const ProcessId& from, std::size_t to, consensus::Round round, EnvelopePtr envelope)> post;
  /// Tells a batch's client what became of it.
  std::function<void(std::size_t validator, const consensus::BatchOutcome& outcome)> answer;
  /// A process is down.
  std::function<void(const ProcessId& id)> crashed;

  /// read_vertex(), once for each vertex and epoch: validity is a function of the bytes and the committee alone.
  [[nodiscard]] tl::expected<consensus::VertexPtr, consensus::Refusal> read(const consensus::VertexPtr& vertex,
                                                                            const consensus::Committee& committee);

 private:
  struct Read {
    consensus::VertexPtr original;  // Keeps the address taken.
    consensus::Epoch epoch = 0;
    tl::expected<consensus::VertexPtr, consensus::Refusal> result;
  };
  std::unordered_map<const consensus::Vertex*, Read> read_;
};

[[nodiscard]] inline std::string name_of(const ProcessId& id) {
  return fmt::format("v{}{}", id.validator, id.copy == 0 ? "" : "'");
}

}  // namespace myelin::sim
