/// Where the letters of one peer in another process come in.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "agents/intake.hpp"
#include "myelin/validator/limits.hpp"

namespace myelin::validator {

/// What a node publishes the doors of its validator as: to the node of each other member its own.
inline constexpr std::string_view kDoorName = "validator-door";

/// The connection says who sends, so that no other speaks in the peer's name. Each peer has a mailbox of its own: one
/// that floods loses its own letters only. One that lies is not listened to for a while, as to find that out is what
/// costs most.
class Door final : public Intake {
 public:
  /// `peer`: whose. **Requires**: as Intake's.
  Door(std::shared_ptr<Parts> parts, consensus::Committee committee, const consensus::SignatureChecker& checker,
       CheckedVertices& checked, consensus::ValidatorIndex peer)
      : Intake{std::move(parts), std::move(committee), checker, checked}, peer_{peer} {}

  static void handlers(Handlers<Door>& on) { on.message<&Door::take_letter>(); }
  static MailboxOptions mailbox() { return {.capacity = 1024, .when_full = Overload::drop_newest}; }

  void on_turn_end() override {
    check();
    if (lies() < lies_borne_) return;
    lies_borne_ = lies() + limits::kLiesBorne;
    deaf_until_ = now() + limits::kDeafToLiars;
  }

 private:
  void take_letter(schema::PeerLetter::Reader letter) {
    if (now() < deaf_until_) return refuse_letter();
    take(letter, peer_);
  }

  consensus::ValidatorIndex peer_;
  std::size_t lies_borne_ = limits::kLiesBorne;
  TimePoint deaf_until_;
};

}  // namespace myelin::validator
