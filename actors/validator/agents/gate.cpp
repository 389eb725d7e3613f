#include "agents/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "myelin/consensus/execution_limits.hpp"
#include "myelin/validator/limits.hpp"
#include "myelin/validator/value_message.hpp"

namespace myelin::validator {

Gate::Gate(std::shared_ptr<Parts> parts, consensus::Committee committee, const consensus::SignatureChecker& checker,
           CheckedVertices& checked, bool believes_letters)
    : Intake{std::move(parts), std::move(committee), checker, checked}, believes_letters_{believes_letters} {}

void Gate::handlers(Handlers<Gate>& on) {
  on.message<&Gate::take_letter>();
  on.message<&Gate::take_batch>();
  on.message<&Gate::take_wait>();
  on.message<&Gate::take_read>();
  on.message<&Gate::take_watch>();
}

void Gate::take_letter(schema::PeerLetter::Reader letter) {
  if (!believes_letters_) return refuse_letter();
  take(letter, letter.getFrom());
}

std::optional<Load> Gate::room_for_order(ReplyAddress& reply) {
  auto room = Load::take(parts().ordered_by_clients, sizeof(ExecutorOrder), limits::kOrderBytesWaitingMax);
  if (!room) {
    reply.fail({Errc::overloaded, "a validator's clients ask more than it gets done: ask again, or another one"});
  }
  return room;
}

void Gate::order(ExecutorOrder order) {
  if (parts().orders.put(std::move(order))) tell(parts().executor, [](schema::HandedOver::Builder) {});
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
  auto load = Load::take(parts().submitted_by_clients, sizeof(EpochEvent) + bytes.size(), limits::kSubmittedBytesMax);
  if (!load) {
    return reply.fail({Errc::overloaded, "a validator's clients submit more than it takes in: submit it again"});
  }
  auto room = room_for_order(reply);
  if (!room) return;
  order(AwaitOutcome{batch->client, batch->sequence, true, std::move(reply), *std::move(room)});
  hand_over(parts(), consensus::Submitted{consensus::PayloadBatch{bytes.begin(), bytes.end()}}, *std::move(load));
}

void Gate::take_wait(schema::AwaitBatch::Reader wait, Reply<schema::BatchAnswer> reply) {
  auto room = room_for_order(reply);
  if (room) order(AwaitOutcome{wait.getClient(), wait.getSequence(), false, std::move(reply), *std::move(room)});
}

void Gate::take_read(schema::ReadKey::Reader read, Reply<schema::KeyState> reply) {
  const std::string_view key = text_of(read.getKey());
  if (key.size() > consensus::limits::kKeyBytesMax) {
    return reply.fail({Errc::invalid_argument,
                       fmt::format("a key of {} bytes; {} are the most", key.size(), consensus::limits::kKeyBytesMax)});
  }
  auto room = room_for_order(reply);
  if (room) order(ReadNow{std::string{key}, Duration{read.getAgeMax()}, std::move(reply), *std::move(room)});
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
  auto room = room_for_order(reply);
  if (!room) return;
  Watch wanted{{std::string{text_of(watch.getPrefix())}, std::string{text_of(watch.getPattern())},
                place_of(watch.getAfter()), std::clamp<std::size_t>(watch.getChangesMax(), 1, limits::kChangesPageMax)},
               std::nullopt,
               std::clamp(Duration{watch.getWait()}, Duration::zero(), Duration{limits::kWatchWaitMax}),
               std::move(reply),
               *std::move(room)};
  if (watch.getIsCheck()) wanted.until = place_of(watch.getUntil());
  order(std::move(wanted));
}

}  // namespace myelin::validator
