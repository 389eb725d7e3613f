#include "agents/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "myelin/validator/limits.hpp"
#include "myelin/validator/value_message.hpp"

namespace myelin::validator {

using consensus::FetchReply;
using consensus::PeerMessage;
using consensus::Received;
using consensus::Rejected;
using consensus::StatementReply;

Gate::Gate(std::shared_ptr<Parts> parts, consensus::Committee committee, const consensus::SignatureChecker& checker)
    : parts_{std::move(parts)}, committee_{std::move(committee)}, checker_{checker} {}

void Gate::handlers(Handlers<Gate>& on) {
  on.message<&Gate::take_letter>();
  on.message<&Gate::take_batch>();
  on.message<&Gate::take_wait>();
  on.message<&Gate::take_read>();
  on.message<&Gate::take_watch>();
}

void Gate::hand_over(consensus::Event event, std::size_t bytes) {
  if (bytes > 0 && parts_->received_bytes + bytes > limits::kReceivedBytesMax) return;
  parts_->received_bytes += bytes;
  if (parts_->events.put(EpochEvent{committee_.epoch(), std::move(event), bytes})) {
    tell(parts_->orderer, [](schema::HandedOver::Builder) {});
  }
}

void Gate::order(ExecutorOrder order) {
  if (parts_->orders.put(std::move(order))) tell(parts_->executor, [](schema::HandedOver::Builder) {});
}

void Gate::refuse_letter() {
  parts_->set_status([](ValidatorStatus& status) { ++status.letters_refused; });
}

void Gate::take_letter(schema::PeerLetter::Reader letter) {
  const consensus::ValidatorIndex from = letter.getFrom();
  if (letter.getEpoch() != committee_.epoch() || from >= committee_.size() || from == parts_->self)
    return refuse_letter();
  const std::size_t bytes = letter.totalSize().wordCount * sizeof(capnp::word);
  auto read = read_letter(letter, committee_);
  if (!read) return refuse_letter();
  if (auto* const unchecked = std::get_if<UncheckedVertices>(&*read)) {
    unchecked_.push_back({from, std::move(*unchecked)});
    return;
  }
  PeerMessage& message = std::get<PeerMessage>(*read);
  const auto* const word = std::get_if<StatementReply>(&message);
  if (word != nullptr && word->statement && !is_signed_by(*word->statement, from, committee_, checker_)) {
    return refuse_letter();
  }
  hand_over(Received{from, std::move(message)}, bytes);
}

void Gate::take_batch(schema::SubmitBatch::Reader submitted, Reply<schema::BatchAnswer> reply) {
  const capnp::Data::Reader data = submitted.getBatch();
  const std::span bytes = std::as_bytes(std::span{data.begin(), data.size()});
  const auto batch = consensus::read_batch(bytes);
  if (!batch) {
    return reply.fail({Errc::invalid_argument,
                       fmt::format("a batch of {} bytes is refused: {}", bytes.size(), to_string(batch.error()))});
  }
  if (std::ranges::any_of(batch->transactions, [](const consensus::Transaction& transaction) {
        return transaction.operation == consensus::Operation::reconfigure;
      })) {
    return reply.fail({Errc::invalid_argument, "validators that run as actors cannot change their committee yet"});
  }
  if (batch->client != submitted.getClient() || batch->sequence != submitted.getSequence()) {
    return reply.fail({Errc::invalid_argument, "a batch of another client or sequence than the message says"});
  }
  order(AwaitOutcome{batch->client, batch->sequence, true, std::move(reply)});
  hand_over(consensus::Submitted{consensus::PayloadBatch{bytes.begin(), bytes.end()}});
}

void Gate::take_wait(schema::AwaitBatch::Reader wait, Reply<schema::BatchAnswer> reply) {
  order(AwaitOutcome{wait.getClient(), wait.getSequence(), false, std::move(reply)});
}

void Gate::take_read(schema::ReadKey::Reader read, Reply<schema::KeyState> reply) {
  order(ReadNow{std::string{text_of(read.getKey())}, Duration{read.getAgeMax()}, std::move(reply)});
}

void Gate::take_watch(schema::AwaitChanges::Reader watch, Reply<schema::ChangesAnswer> reply) {
  const auto place_of = [](schema::MemoryReply::Place::Reader place) {
    return ChangePlace{place.getCommit(), std::string{text_of(place.getKey())}};
  };
  const std::size_t bytes = std::max(watch.getPrefix().size(), watch.getPattern().size());
  if (bytes > limits::kPatternBytesMax) {
    return reply.fail({Errc::invalid_argument,
                       fmt::format("a pattern of {} bytes; {} are the most", bytes, limits::kPatternBytesMax)});
  }
  Watch wanted{{std::string{text_of(watch.getPrefix())}, std::string{text_of(watch.getPattern())},
                place_of(watch.getAfter()), std::clamp<std::size_t>(watch.getChangesMax(), 1, limits::kChangesPageMax)},
               std::nullopt,
               std::clamp(Duration{watch.getWait()}, Duration::zero(), Duration{limits::kWatchWaitMax}),
               std::move(reply)};
  if (watch.getIsCheck()) wanted.until = place_of(watch.getUntil());
  order(std::move(wanted));
}

void Gate::check() {
  if (unchecked_.empty()) return;
  std::vector<consensus::VertexBytes> all;
  for (Unchecked& each : unchecked_) {
    for (consensus::VertexBytes& vertex : each.letter.vertices) all.push_back(std::move(vertex));
  }
  const std::size_t count = all.size();
  auto checked = consensus::read_vertices(std::move(all), committee_, checker_);
  std::size_t next = 0;
  for (Unchecked& each : std::exchange(unchecked_, {})) {
    FetchReply reply{.vertices = {}, .forgotten = each.letter.forgotten};
    for (std::size_t i = 0; i < each.letter.vertices.size(); ++i) {
      auto& vertex = checked[next++];
      if (!vertex) {
        hand_over(Rejected{each.from, vertex.error()});
      } else if (each.letter.is_reply) {
        reply.vertices.push_back(std::move(*vertex));
      } else {
        const std::size_t bytes = (*vertex)->memory_bytes();
        hand_over(Received{each.from, PeerMessage{std::move(*vertex)}}, bytes);
      }
    }
    if (!each.letter.is_reply) continue;
    std::size_t bytes = sizeof(FetchReply);
    for (const consensus::VertexPtr& vertex : reply.vertices) bytes += vertex->memory_bytes();
    hand_over(Received{each.from, PeerMessage{std::move(reply)}}, bytes);
  }
  parts_->set_status([count](ValidatorStatus& status) {
    status.signatures_checked += count;
    ++status.signature_calls;
  });
}

}  // namespace myelin::validator
