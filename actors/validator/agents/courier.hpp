/// Takes letters to a validator in another process.
#pragma once

#include "myelin/actors/agent.hpp"
#include "myelin/validator.capnp.h"

namespace myelin::validator {

/// Where the other does not read what it is sent, the courier is held up, and its mailbox drops what comes: the
/// validator itself never waits for another. What was dropped is asked for again.
class Courier final : public Agent {
 public:
  /// `to`: the other validator's gate.
  explicit Courier(AgentRef to) : to_{std::move(to)} {}

  static void handlers(Handlers<Courier>& on) { on.message<&Courier::carry>(); }
  static MailboxOptions mailbox() { return {.capacity = 256, .when_full = Overload::drop_oldest}; }

 private:
  void carry(Held<schema::PeerLetter> letter) { send(to_, letter.frame()); }

  AgentRef to_;
};

}  // namespace myelin::validator
