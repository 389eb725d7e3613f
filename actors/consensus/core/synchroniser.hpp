/// Vertices that wait for their parents, and the asking for those.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/core.hpp"
#include "myelin/consensus/core_options.hpp"

namespace myelin::consensus {

/// A missing vertex is asked for first of the author of the vertex that names it, then of the others that are known to
/// have it, then of everyone else, and so on around until it comes or its round is collected.
/// **Thread-safety**: thread-compatible.
class Synchroniser {
 public:
  Synchroniser(const Committee& committee, ValidatorIndex self, const CoreOptions& options);

  [[nodiscard]] bool is_suspended(const VertexRef& ref) const { return suspended_.contains(ref); }
  [[nodiscard]] bool is_missing(const VertexRef& ref) const { return missing_.contains(ref); }
  /// Vertices of one author and round that wait; the first of them, for evidence.
  [[nodiscard]] std::vector<VertexPtr> waiting(Round round, ValidatorIndex author) const;

  /// Lets a vertex wait for these parents, which are neither here nor waiting for theirs, or are waiting. `requested`:
  /// somebody's parent, for which no bound on its author holds. Returns false where too many of its author's wait.
  [[nodiscard]] bool suspend(VertexPtr vertex, std::span<const VertexRef> absent, bool requested, TimePoint now);

  /// The vertex came in: those that waited for nothing else are handed back, to be accepted.
  [[nodiscard]] std::vector<VertexPtr> accepted(const VertexRef& ref);

  /// Rounds up to this one are collected: nobody waits for them any more, nor are vertices there of any use.
  [[nodiscard]] std::vector<VertexPtr> collect(Round collected);

  /// Adds the requests whose time has come.
  void ask(TimePoint now, Effects& effects);
  /// When ask() is to be called next; kNever for not at all.
  [[nodiscard]] TimePoint next_ask() const noexcept { return next_ask_; }

  /// The lowest round of which something is missing.
  [[nodiscard]] std::optional<Round> lowest_missing() const;

  void clear();
  [[nodiscard]] std::size_t suspended() const noexcept { return suspended_.size(); }
  [[nodiscard]] std::size_t missing() const noexcept { return missing_.size(); }
  /// Takes note of a request to a peer, made here or elsewhere.
  void requested_of(ValidatorIndex peer);
  /// Takes note of an answer. Returns whether one was awaited.
  [[nodiscard]] bool answered_by(ValidatorIndex peer);

 private:
  struct Suspended {
    VertexPtr vertex;
    std::size_t absent = 0;
    bool requested = false;
  };
  struct Missing {
    std::vector<VertexRef> children;
    ValidatorIndex first_asked = 0;
    AuthorMask holders = 0;  // who has it, for they built on it
    AuthorMask asked = 0;    // in this time around
    TimePoint due;
    Duration wait{};
  };
  std::vector<VertexPtr> release(const Missing& missing);
  [[nodiscard]] ValidatorIndex next_peer(Missing& missing) const;

  const Committee* committee_;
  ValidatorIndex self_;
  CoreOptions options_;
  std::map<VertexRef, Suspended> suspended_;
  std::map<VertexRef, Missing> missing_;
  TimePoint next_ask_ = kNever;  // no later than the first `due`
  std::vector<std::size_t> suspended_by_author_;
  std::vector<std::size_t> missing_by_author_;  // by the author of the first child
  std::vector<unsigned> open_requests_;
};

}  // namespace myelin::consensus
