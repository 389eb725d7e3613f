#include "agents/intake.hpp"

#include <algorithm>
#include <utility>

#include "myelin/validator/limits.hpp"

namespace myelin::validator {

using consensus::FetchReply;
using consensus::PeerMessage;
using consensus::Received;
using consensus::Rejected;
using consensus::StatementReply;

Intake::Intake(std::shared_ptr<Parts> parts, consensus::Committee committee, const consensus::SignatureChecker& checker,
               CheckedVertices& checked)
    : parts_{std::move(parts)}, committee_{std::move(committee)}, checker_{checker}, checked_{checked} {}

void Intake::hand_over(Parts& parts, consensus::Event event, Load load) {
  // Validators of one process that share a check are of one epoch: see CheckedVertices.
  if (parts.events.put(EpochEvent{committee_.epoch(), std::move(event), std::move(load)})) {
    tell(parts.orderer, [](schema::HandedOver::Builder) {});
  }
}

void Intake::hand_over(Parts& parts, consensus::ValidatorIndex from, consensus::Event event, std::size_t bytes) {
  const std::size_t bytes_max = limits::received_bytes_per_peer_max(committee_.size());
  auto load = Load::take(parts.received_from[from], sizeof(EpochEvent) + bytes, bytes_max);
  if (load) hand_over(parts, std::move(event), *std::move(load));
}

void Intake::hand_over(Parts& parts, consensus::ValidatorIndex from, const Checked& vertex) {
  if (!vertex) return hand_over(parts, from, Rejected{from, vertex.error()}, 0);
  hand_over(parts, from, Received{from, PeerMessage{*vertex}}, (*vertex)->memory_bytes());
}

void Intake::refuse_letter() {
  parts_->set_status([](ValidatorStatus& status) { ++status.letters_refused; });
}

void Intake::take(schema::PeerLetter::Reader letter, consensus::ValidatorIndex sender) {
  if (letter.getEpoch() != committee_.epoch() || letter.getFrom() != sender || sender >= committee_.size() ||
      sender == parts_->self) {
    return refuse_letter();
  }
  const std::size_t bytes = letter.totalSize().wordCount * sizeof(capnp::word);
  if (letter.isVertex()) {
    if (const auto known = checked_.find(committee_.epoch(), letter.getVertex())) {
      return hand_over(*parts_, sender, known);
    }
  }
  auto read = read_letter(letter, committee_);
  if (!read) {
    ++lies_;
    return refuse_letter();
  }
  if (auto* const unchecked = std::get_if<UncheckedVertices>(&*read)) {
    if (unchecked->is_reply) {
      unchecked_replies_.push_back({sender, std::move(*unchecked)});
    } else {
      unchecked_.push_back({parts_, committee_.epoch(), sender, std::move(unchecked->vertices.front())});
    }
    return;
  }
  PeerMessage& message = std::get<PeerMessage>(*read);
  const auto* const word = std::get_if<StatementReply>(&message);
  if (word != nullptr && word->statement && !is_signed_by(*word->statement, sender, committee_, checker_)) {
    ++lies_;
    return refuse_letter();
  }
  hand_over(*parts_, sender, Received{sender, std::move(message)}, bytes);
}

void Intake::check() {
  if (unchecked_.empty() && unchecked_replies_.empty()) return;
  auto arrived = std::exchange(unchecked_, {});
  std::erase_if(arrived, [this](CheckedVertices::Arrived& each) { return !checked_.begin(each); });
  auto replies = std::exchange(unchecked_replies_, {});
  std::vector<consensus::VertexBytes> all;
  for (CheckedVertices::Arrived& each : arrived) {
    // The signature is left, to end with.
    all.push_back({std::move(each.bytes.header), std::move(each.bytes.payload), each.bytes.signature});
  }
  for (UncheckedReply& each : replies) {
    for (consensus::VertexBytes& vertex : each.letter.vertices) all.push_back(std::move(vertex));
  }
  const std::size_t count = all.size();
  auto checked = consensus::read_vertices(std::move(all), committee_, checker_);
  lies_ += static_cast<std::size_t>(std::ranges::count_if(checked, [](const Checked& vertex) { return !vertex; }));
  std::size_t next = 0;
  for (const CheckedVertices::Arrived& each : arrived) end_check(each, checked[next++]);
  for (UncheckedReply& each : replies) {
    FetchReply reply{.vertices = {}, .forgotten = each.letter.forgotten};
    std::size_t bytes = sizeof(FetchReply);
    for (std::size_t i = 0; i < each.letter.vertices.size(); ++i) {
      auto& vertex = checked[next++];
      if (!vertex) {
        hand_over(*parts_, each.from, vertex);
      } else {
        bytes += (*vertex)->memory_bytes();
        reply.vertices.push_back(std::move(*vertex));
      }
    }
    hand_over(*parts_, each.from, Received{each.from, PeerMessage{std::move(reply)}}, bytes);
  }
  parts_->set_status([count](ValidatorStatus& status) {
    status.signatures_checked += count;
    if (count > 0) ++status.signature_calls;
  });
}

void Intake::end_check(const CheckedVertices::Arrived& arrived, const Checked& vertex) {
  hand_over(*parts_, arrived.from, vertex);
  auto left = checked_.end(arrived.epoch, arrived.bytes.signature, vertex ? *vertex : nullptr);
  for (CheckedVertices::Arrived& other : left) {
    if (vertex && other.bytes.header == (*vertex)->header() && other.bytes.payload == (*vertex)->payload()) {
      hand_over(*other.at, other.from, vertex);
    } else {
      hand_over(*other.at, other.from, read_vertex(std::move(other.bytes), committee_, checker_));
    }
  }
}

}  // namespace myelin::validator
