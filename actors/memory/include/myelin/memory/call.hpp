/// One question to the shared memory, ready to be asked: `co_await ask(memory.get("colour"), 2s)`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/memory/value.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin {

/// What became of a cas.
struct CasOutcome {
  bool is_swapped = false;
  std::optional<MemoryValue> found{};  ///< Where it was not: what the key holds; nothing for nothing.
};

/// What became of a claim.
struct ClaimOutcome {
  bool is_granted = false;
  std::uint64_t token = 0;          ///< Of the lease: ours, where it was granted; else the holder's.
  consensus::WallTime expires = 0;  ///< By commit time.
  consensus::ClientId holder = 0;   ///< The session that holds it.
};

/// Keys that match, in their order.
struct MemoryPage {
  struct Entry {
    std::string key;  ///< Without the name of the space.
    MemoryValue value;
  };
  std::vector<Entry> entries;
  std::string cursor;  ///< The last key that was looked at: the next page goes on behind it. Empty: this was the last.
};

/// What a key held after some commit.
struct StaleValue {
  std::optional<MemoryValue> value{};  ///< Nothing for nothing.
  std::uint64_t commit = 0;            ///< All commits up to this one are in it, and none after.
  consensus::WallTime time = 0;        ///< That commit's, nanoseconds since 1970.
};

/// A moment in the order of all changes. It stays good for as long as the validators remember the changes after it, and
/// may be kept anywhere meanwhile: it belongs to no session.
struct MemoryPlace {
  std::uint64_t commit = 0;  ///< Behind all changes of this commit and of those before it;
  std::string key{};         ///< or, where not empty, behind this key's in that commit. Whole, with the space's name.

  friend bool operator==(const MemoryPlace&, const MemoryPlace&) = default;
};

/// What keys were changed to, in order.
struct MemoryChanges {
  struct Change {
    std::uint64_t commit = 0;
    consensus::WallTime time = 0;        ///< The commit's.
    std::string key;                     ///< Without the name of the space.
    std::optional<MemoryValue> value{};  ///< What the commit left the key with; nothing: it was deleted.
  };
  std::vector<Change> changes;  ///< In order of their commits, and of their keys within one. May be none.
  MemoryPlace place;            ///< Where to go on: all that has changed up to here is among those.
  /// What has changed since then is not known any more: take a new place, read everything, and go on from that place.
  bool is_too_old = false;
};

/// What became of one of several operations.
struct MemoryOutcome {
  consensus::Status status = consensus::Status::ok;
  bool is_cut = false;  ///< There may have been a value, or entries, that got lost on the way. Read again.
  std::optional<MemoryValue> value{};
  std::vector<MemoryPage::Entry> entries{};  ///< Of a range; their keys are whole.
};

namespace detail {

/// Reads the answer of one kind of call. Each has `using Value` and `Result<Value> operator()(MemoryReplyPtr)`.
struct ReadDone {
  using Value = void;
  bool only_leases_refuse = false;  ///< The only kind of value that the operation does not take.
  Result<void> operator()(const MemoryReplyPtr& reply) const;
};
struct ReadErased {
  using Value = bool;
  Result<bool> operator()(const MemoryReplyPtr& reply) const;
};
struct ReadValue {
  using Value = std::optional<MemoryValue>;
  Result<Value> operator()(const MemoryReplyPtr& reply) const;
};
struct ReadCas {
  using Value = CasOutcome;
  Result<Value> operator()(const MemoryReplyPtr& reply) const;
};
struct ReadClaim {
  using Value = ClaimOutcome;
  Result<Value> operator()(const MemoryReplyPtr& reply) const;
};
struct ReadPage {
  using Value = MemoryPage;
  std::string space;
  std::string pattern;
  std::uint32_t limit = 0;
  Result<Value> operator()(const MemoryReplyPtr& reply) const;
};
struct ReadStale {
  using Value = StaleValue;
  Result<Value> operator()(const MemoryReplyPtr& reply) const;
};
struct ReadPlace {
  using Value = MemoryPlace;
  Result<Value> operator()(const MemoryReplyPtr& reply) const;
};
struct ReadChanges {
  using Value = MemoryChanges;
  std::string space;
  MemoryPlace after;
  Result<Value> operator()(const MemoryReplyPtr& reply) const;
};
struct ReadAll {
  using Value = std::vector<MemoryOutcome>;
  Result<Value> operator()(const MemoryReplyPtr& reply) const;
};

/// What an error says of whether the operation happened.
[[nodiscard]] Error as_outcome(Error error, bool is_read);

}  // namespace detail

/// **Thread-safety**: immutable.
template <class Read>
class MemoryCall {
 public:
  using Answer = schema::MemoryReply;
  using Value = typename Read::Value;

  MemoryCall(AgentRef session, Frame question, bool is_read, Read read)
      : session_{std::move(session)}, question_{std::move(question)}, is_read_{is_read}, read_{std::move(read)} {}

  [[nodiscard]] const AgentRef& receiver() const noexcept { return session_; }
  [[nodiscard]] const Frame& question() const noexcept { return question_; }
  [[nodiscard]] Result<Value> read(Result<Held<Answer>> answer) const {
    if (!answer) return tl::unexpected{detail::as_outcome(std::move(answer).error(), is_read_)};
    return read_(std::make_shared<const Held<Answer>>(*std::move(answer)));
  }

 private:
  AgentRef session_;
  Frame question_;
  bool is_read_;
  Read read_;
};

}  // namespace myelin
