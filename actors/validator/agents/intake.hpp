/// What comes in for the core of a validator: checked, counted for who sent it, and handed over.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "agents/checked_vertices.hpp"
#include "agents/parts.hpp"
#include "agents/peer_letter.hpp"
#include "myelin/actors/agent.hpp"

namespace myelin::validator {

/// What agents have in common that letters of peers come to. Vertices that come in together are hashed and their
/// signatures checked in one call, as kernel work is; what comes meanwhile gathers for the next. Signatures are by far
/// the dearest part of taking a vertex in, so validators of one process share what comes of it.
class Intake : public Agent {
 public:
  /// **Requires**: `checker` and `checked` outlive the mesh.
  Intake(std::shared_ptr<Parts> parts, consensus::Committee committee, const consensus::SignatureChecker& checker,
         CheckedVertices& checked);

  void on_turn_end() override { check(); }

 protected:
  /// `sender`: who has sent it, whatever it says.
  void take(schema::PeerLetter::Reader letter, consensus::ValidatorIndex sender);
  void refuse_letter();
  void hand_over(Parts& parts, consensus::Event event, Load load);

  void check();
  /// What came so far that no honest validator sends: what it sends is whole, and it has checked the signatures itself.
  [[nodiscard]] std::size_t lies() const noexcept { return lies_; }

  [[nodiscard]] Parts& parts() noexcept { return *parts_; }
  [[nodiscard]] const consensus::Committee& committee() const noexcept { return committee_; }

 private:
  /// An answer that somebody sent.
  struct UncheckedReply {
    consensus::ValidatorIndex from;
    UncheckedVertices letter;
  };
  using Checked = tl::expected<consensus::VertexPtr, consensus::Refusal>;

  void end_check(const CheckedVertices::Arrived& arrived, const Checked& vertex);
  void hand_over(Parts& parts, consensus::ValidatorIndex from, consensus::Event event, std::size_t bytes);
  void hand_over(Parts& parts, consensus::ValidatorIndex from, const Checked& vertex);

  std::shared_ptr<Parts> parts_;
  consensus::Committee committee_;
  const consensus::SignatureChecker& checker_;
  CheckedVertices& checked_;
  std::vector<CheckedVertices::Arrived> unchecked_;
  std::vector<UncheckedReply> unchecked_replies_;
  std::size_t lies_ = 0;
};

}  // namespace myelin::validator
