/// Brings many agents' requests to the validators, in batches, and back what became of them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "myelin/actors/agent.hpp"
#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/types.hpp"
#include "myelin/memory.capnp.h"
#include "myelin/memory/session_options.hpp"
#include "myelin/validator.capnp.h"
#include "myelin/validator/directory.hpp"

namespace myelin {

/// Believes what f + 1 validators say alike, of whom one at least is honest. What it asks twice is executed once.
class MemorySession final : public Agent {
 public:
  MemorySession(std::shared_ptr<validator::Directory> directory, const MemorySessionOptions& options);

  static void handlers(Handlers<MemorySession>& on);
  static MailboxOptions mailbox() { return {.capacity = 65'536, .when_full = Overload::reject}; }

  void on_start() override;
  void on_turn_end() override { send_batches(); }

 private:
  /// What an agent asked for, and has not been answered.
  struct Request {
    Held<schema::MemoryRequest> message;
    Reply<schema::MemoryReply> reply;
    consensus::Batch batch;  // lies in the message
    bool is_read = false;    // may as well be asked anew
  };
  /// A validator's word on a batch.
  struct Answer {
    consensus::Verdict verdict;
    consensus::Digest digest;
    bool is_ours = false;                            // what was executed is what was sent
    std::optional<Held<schema::BatchAnswer>> whole;  // with the replies
  };
  /// A batch on its way.
  struct Flight {
    std::vector<Request> requests;
    Frame submission;
    consensus::Digest batch;                // names what is in it
    std::map<std::size_t, Answer> answers;  // by validator
    std::size_t validator = 0;              // has the batch
    unsigned tries = 0;
    CorrelationId timer = 0;  // of the next try
  };

  /// A key that one validator is asked for.
  struct StaleGet {
    Held<schema::MemoryStaleGet> message;
    Reply<schema::MemoryReply> reply;
    std::size_t tries = 0;
  };
  /// Somebody wants to know which commit is the last.
  struct PlaceSought {
    Reply<schema::MemoryReply> reply;
    std::vector<consensus::CommitIndex> commits;
    std::size_t answers = 0;  // failures, too
  };
  /// Somebody waits for changes.
  struct ChangesSought {
    Held<schema::MemoryChangesRequest> message;
    Reply<schema::MemoryReply> reply;
    TimePoint wait_until;
    std::size_t source = 0;  // gives the changes
    unsigned tries = 0;
    std::optional<Held<schema::ChangesAnswer>> page{};
    consensus::Digest digest{};
    std::size_t confirming = 0;
    std::size_t failing = 0;            // to confirm it
    consensus::AuthorMask too_old = 0;  // who has forgotten
  };
  using Watches = std::map<std::uint64_t, ChangesSought>;

  void take(Held<schema::MemoryRequest> message, Reply<schema::MemoryReply> reply);
  static void give_up(Reply<schema::MemoryReply>& reply);
  void send_batches();
  [[nodiscard]] bool has_place() const noexcept;
  void send_batch();
  void ask_validators(consensus::Sequence sequence, Flight& flight);
  void ask_validator(consensus::Sequence sequence, std::size_t validator, const Frame& question, bool is_submission,
                     unsigned tries);
  void hear(consensus::Sequence sequence, std::size_t validator, bool is_submission, unsigned tries,
            Result<Held<schema::BatchAnswer>> said);
  void try_again(consensus::Sequence sequence, unsigned tries);
  void settle(std::map<consensus::Sequence, Flight>::iterator flight);
  void end(std::map<consensus::Sequence, Flight>::iterator flight, const Answer& answer);
  [[nodiscard]] std::size_t next_present(std::size_t validator) const;
  [[nodiscard]] Duration patience(unsigned tries) const noexcept;

  void take_stale_get(Held<schema::MemoryStaleGet> message, Reply<schema::MemoryReply> reply);
  void ask_one(StaleGet get);
  void hear_one(StaleGet get, std::size_t validator, Result<Held<schema::KeyState>> said);
  void read_in_order(StaleGet get);

  void take_place(Held<schema::MemoryPlaceRequest> message, Reply<schema::MemoryReply> reply);
  void ask_places(const std::shared_ptr<PlaceSought>& sought);
  void hear_place(const std::shared_ptr<PlaceSought>& sought, Result<Held<schema::KeyState>> said);

  void take_changes(Held<schema::MemoryChangesRequest> message, Reply<schema::MemoryReply> reply);
  void ask_for_page(std::uint64_t number, ChangesSought& sought);
  void hear_page(std::uint64_t number, unsigned tries, Result<Held<schema::ChangesAnswer>> said);
  void hear_check(std::uint64_t number, unsigned tries, std::size_t validator,
                  Result<Held<schema::ChangesAnswer>> said);
  [[nodiscard]] bool is_believed_too_old(const ChangesSought& sought) const;
  void note_too_old(Watches::iterator watch, std::size_t validator);
  void ask_next(Watches::iterator watch, Duration pause);
  void end_too_old(Watches::iterator watch);
  void end_watch(Watches::iterator watch, schema::MemoryReply::Place::Reader through,
                 capnp::List<schema::MemoryReply::Change>::Reader changes);

  std::shared_ptr<validator::Directory> directory_;
  MemorySessionOptions options_;
  consensus::Sequence sequence_ = 0;
  std::deque<Request> waiting_;
  std::size_t transactions_waiting_ = 0;
  std::map<consensus::Sequence, Flight> flights_;
  std::size_t next_validator_ = 0;
  std::vector<TimePoint> away_until_;  // by validator: passed over until then
  std::size_t nearest_ = 0;            // is asked for what may be stale
  std::size_t next_source_ = 0;
  Watches watches_;
  std::uint64_t last_watch_ = 0;
};

}  // namespace myelin
