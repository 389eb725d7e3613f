/// Takes letters to a validator in another process.
#pragma once

#include <memory>
#include <utility>

#include "agents/letter_queue.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/validator.capnp.h"

namespace myelin::validator {

/// Where the other does not read what it is sent, the courier is held up, and letters wait in its queue, which is
/// bounded: the validator itself never waits for another.
class Courier final : public Agent {
 public:
  /// `to`: the other validator's door for this one.
  Courier(AgentRef to, std::shared_ptr<LetterQueue> queue) : to_{std::move(to)}, queue_{std::move(queue)} {}

  static void handlers(Handlers<Courier>& on) { on.message<&Courier::carry>(); }

 private:
  // One a turn: whoever is held up by it takes no more.
  void carry(schema::HandedOver::Reader) {
    auto next = queue_->take();
    if (!next) return;
    send(to_, std::move(next->letter));
    if (next->has_more) tell(self(), [](schema::HandedOver::Builder) {});
  }

  AgentRef to_;
  std::shared_ptr<LetterQueue> queue_;
};

}  // namespace myelin::validator
