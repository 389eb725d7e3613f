/// A state machine, driven by transactions.
#pragma once

#include <initializer_list>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "myelin/consensus/state_machine.hpp"

namespace myelin::consensus::test {

using Bytes = std::vector<std::byte>;

/// The keys of four validators, whose signatures are stubs.
[[nodiscard]] inline const std::vector<PublicKey>& committee() {
  static const std::vector<PublicKey> keys = {PublicKey{{1}}, PublicKey{{2}}, PublicKey{{3}}, PublicKey{{4}}};
  return keys;
}
inline const StubChecker kChecker;

/// Those of committee() that are named approve of the next committee.
[[nodiscard]] inline std::vector<Approval> approvals(Epoch epoch, std::span<const PublicKey> next,
                                                     std::initializer_list<ValidatorIndex> validators = {0, 1, 2}) {
  std::vector<Approval> made;
  for (const ValidatorIndex validator : validators) {
    made.push_back({validator, StubSigner{committee()[validator]}.sign(next_committee_digest(epoch, next))});
  }
  return made;
}

/// Commits, one after the other, each a millisecond after the one before.
class Machine {
 public:
  static constexpr WallTime kStart = 1'000'000'000;
  static constexpr WallTime kStep = 1'000'000;

  explicit Machine(ExecutionOptions options = {.executor = Executor::sequential})
      : machine_{with_committee(std::move(options))} {}

  [[nodiscard]] StateMachine& operator*() noexcept { return machine_; }
  [[nodiscard]] StateMachine* operator->() noexcept { return &machine_; }

  /// Makes the next commit of these batches.
  CommitOutcome commit(const std::vector<Bytes>& batches) {
    auto outcome = machine_.apply(next(batches));
    BOOST_REQUIRE_MESSAGE(outcome.has_value(), (outcome ? "" : outcome.error().message));
    // Time ends somewhere, and commits have their last one then.
    time_ = time_ > std::numeric_limits<WallTime>::max() - kStep ? std::numeric_limits<WallTime>::max() : time_ + kStep;
    return std::move(*outcome);
  }
  /// What the next commit of these batches will be. They must outlive it.
  [[nodiscard]] OrderedBatches next(const std::vector<Bytes>& batches) const {
    OrderedBatches ordered{machine_.applied() + 1, time_, {}};
    for (const Bytes& batch : batches) ordered.batches.emplace_back(batch);
    return ordered;
  }
  /// The replies to one batch, committed alone.
  std::vector<Reply> run(ClientId client, const std::vector<Transaction>& transactions) {
    CommitOutcome outcome = commit({write_batch(client, ++sequence_, transactions)});
    BOOST_REQUIRE(outcome.batches.size() == 1U);
    BOOST_REQUIRE(outcome.batches[0].verdict == Verdict::executed);
    return std::move(outcome.batches[0].replies);
  }
  std::vector<Reply> run(const std::vector<Transaction>& transactions) { return run(1, transactions); }
  Reply run(ClientId client, const Transaction& transaction) { return run(client, std::vector{transaction}).at(0); }
  Reply run(const Transaction& transaction) { return run(1, transaction); }

  /// The time of the next commit.
  [[nodiscard]] WallTime time() const noexcept { return time_; }
  void set_time(WallTime time) noexcept { time_ = time; }

 private:
  static ExecutionOptions with_committee(ExecutionOptions options) {
    options.validators = committee();
    options.checker = &kChecker;
    return options;
  }

  StateMachine machine_;
  WallTime time_ = kStart;
  Sequence sequence_ = 0;
};

[[nodiscard]] inline Value bytes_value(std::string bytes) {
  Value value;
  value.kind = ValueKind::bytes;
  value.bytes = std::move(bytes);
  return value;
}
[[nodiscard]] inline Value number_value(std::int64_t number) {
  Value value;
  value.kind = ValueKind::number;
  value.number = number;
  return value;
}

}  // namespace myelin::consensus::test

namespace myelin::consensus {
inline std::ostream& operator<<(std::ostream& stream, Status status) { return stream << to_string(status); }
inline std::ostream& operator<<(std::ostream& stream, Verdict verdict) { return stream << to_string(verdict); }
inline std::ostream& operator<<(std::ostream& stream, BatchRefusal reason) { return stream << to_string(reason); }
inline std::ostream& operator<<(std::ostream& stream, TransactionRefusal reason) { return stream << to_string(reason); }
inline std::ostream& operator<<(std::ostream& stream, const Digest& digest) { return stream << to_hex(digest); }
}  // namespace myelin::consensus
