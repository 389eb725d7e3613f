/// The address of a validator: takes in what clients send; and what peers send, where they are of this process.
#pragma once

#include <memory>

#include "agents/intake.hpp"

namespace myelin::validator {

class Gate final : public Intake {
 public:
  /// `believes_letters`: peers' letters come here, and are of whom they say. Else each peer has a Door, and letters
  /// that come here are refused. **Requires**: as Intake's.
  Gate(std::shared_ptr<Parts> parts, consensus::Committee committee, const consensus::SignatureChecker& checker,
       CheckedVertices& checked, bool believes_letters);

  static void handlers(Handlers<Gate>& on);
  /// What does not fit is dropped: a peer's letters are fetched later, if they were of any use, and clients ask again.
  static MailboxOptions mailbox() { return {.capacity = 4096, .when_full = Overload::drop_newest}; }

 private:
  void take_letter(schema::PeerLetter::Reader letter);
  void take_batch(schema::SubmitBatch::Reader submitted, Reply<schema::BatchAnswer> reply);
  void take_wait(schema::AwaitBatch::Reader wait, Reply<schema::BatchAnswer> reply);
  void take_read(schema::ReadKey::Reader read, Reply<schema::KeyState> reply);
  void take_watch(schema::AwaitChanges::Reader watch, Reply<schema::ChangesAnswer> reply);
  /// Room for another order of a client. Where there is none, `reply` has been told so.
  [[nodiscard]] std::optional<Load> room_for_order(ReplyAddress& reply);
  void order(ExecutorOrder order);

  bool believes_letters_;
};

}  // namespace myelin::validator
