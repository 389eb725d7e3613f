/// The address of a validator: takes in what peers and clients send, and checks it before anyone else sees it.
#pragma once

#include <memory>
#include <vector>

#include "agents/parts.hpp"
#include "agents/peer_letter.hpp"
#include "myelin/actors/agent.hpp"

namespace myelin::validator {

/// Vertices that come in together are hashed and their signatures checked in one call, as kernel work is; what comes
/// meanwhile gathers for the next. Signatures are by far the dearest part of taking a vertex in.
class Gate final : public Agent {
 public:
  /// **Requires**: `checker` outlives the mesh.
  Gate(std::shared_ptr<Parts> parts, consensus::Committee committee, const consensus::SignatureChecker& checker);

  static void handlers(Handlers<Gate>& on);
  /// A peer that floods loses what does not fit, here or at limits::kReceivedBytesMax: it is fetched later, if it was
  /// of any use.
  static MailboxOptions mailbox() { return {.capacity = 4096, .when_full = Overload::drop_newest}; }

  void on_turn_end() override { check(); }

 private:
  struct Unchecked {
    consensus::ValidatorIndex from;
    UncheckedVertices letter;
  };

  void take_letter(schema::PeerLetter::Reader letter);
  void take_batch(schema::SubmitBatch::Reader submitted, Reply<schema::BatchAnswer> reply);
  void take_wait(schema::AwaitBatch::Reader wait, Reply<schema::BatchAnswer> reply);
  void take_read(schema::ReadKey::Reader read, Reply<schema::KeyState> reply);
  void take_watch(schema::AwaitChanges::Reader watch, Reply<schema::ChangesAnswer> reply);
  void check();
  void hand_over(consensus::Event event, std::size_t bytes = 0);
  void order(ExecutorOrder order);
  void refuse_letter();

  std::shared_ptr<Parts> parts_;
  consensus::Committee committee_;
  const consensus::SignatureChecker& checker_;
  std::vector<Unchecked> unchecked_;
};

}  // namespace myelin::validator
