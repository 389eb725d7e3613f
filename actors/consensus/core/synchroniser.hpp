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
///
/// Whatever waits or is missing does so because of some author, its sponsor: the signer of a vertex that came unasked
/// for and stands on it. What one author can make us keep is bounded; several may sponsor the same.
/// **Thread-safety**: thread-compatible.
class Synchroniser {
 public:
  Synchroniser(const Committee& committee, ValidatorIndex self, const CoreOptions& options);

  [[nodiscard]] bool is_suspended(const VertexRef& ref) const { return suspended_.contains(ref); }
  [[nodiscard]] bool is_missing(const VertexRef& ref) const { return missing_.contains(ref); }
  /// Vertices of one author and round that wait; the first of them, for evidence.
  [[nodiscard]] std::vector<VertexPtr> waiting(Round round, ValidatorIndex author) const;

  /// Lets a vertex wait for these parents, which are not accepted. Returns false where its sponsors have too much
  /// waiting already: then it is not kept.
  [[nodiscard]] bool suspend(VertexPtr vertex, std::span<const VertexRef> absent, TimePoint now);

  /// All that waits, by round.
  [[nodiscard]] std::vector<VertexPtr> all_waiting() const;

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
    ValidatorIndex payer = 0;  // the sponsor whose room it takes
  };
  struct Missing {
    std::vector<VertexRef> children;
    ValidatorIndex first_asked = 0;
    ValidatorIndex payer = 0;
    AuthorMask sponsors = 0;
    AuthorMask holders = 0;  // who has it, for they built on it
    AuthorMask asked = 0;    // in this time around
    TimePoint due;
    Duration wait{};
  };
  struct Account {
    std::size_t suspended = 0;
    std::size_t bytes = 0;
    std::size_t missing = 0;
  };
  std::vector<VertexPtr> release(const Missing& missing);
  void free(const Suspended& suspended);
  void add_sponsors(const VertexRef& ref, AuthorMask sponsors);
  [[nodiscard]] ValidatorIndex next_peer(Missing& missing) const;

  const Committee* committee_;
  ValidatorIndex self_;
  CoreOptions options_;
  std::map<VertexRef, Suspended> suspended_;
  std::map<VertexRef, Missing> missing_;
  TimePoint next_ask_ = kNever;    // no later than the first `due`
  std::vector<Account> accounts_;  // by sponsor
  std::vector<unsigned> open_requests_;
};

}  // namespace myelin::consensus
