// What needs no order: reads of one validator's state, and places in the order from which changes are asked for.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/transaction.hpp"
#include "myelin/validator/value_message.hpp"
#include "session/session.hpp"

namespace myelin {

namespace {

bool is_awaited(const ReplyAddress& reply) { return reply.wanted() && !reply.cancelled(); }

}  // namespace

void MemorySession::take_stale_get(Held<schema::MemoryStaleGet> message, Reply<schema::MemoryReply> reply) {
  const std::size_t bytes = message->getKey().size();
  if (bytes == 0 || bytes > consensus::limits::kKeyBytesMax) {
    return reply.fail({Errc::invalid_argument,
                       fmt::format("a key of {} bytes; keys have 1 to {}", bytes, consensus::limits::kKeyBytesMax)});
  }
  ask_one({std::move(message), std::move(reply), 0});
}

void MemorySession::ask_one(StaleGet get) {
  if (!is_awaited(get.reply)) return;
  const std::vector<AgentRef> addresses = directory_->addresses();
  for (; get.tries < addresses.size() && !addresses[nearest_]; ++get.tries)
    nearest_ = (nearest_ + 1) % addresses.size();
  if (get.tries >= addresses.size()) return read_in_order(std::move(get));
  const std::size_t asked = nearest_;
  const Frame question = make_frame<schema::ReadKey>([&](schema::ReadKey::Builder read) {
    read.setKey(get.message->getKey());
    read.setAgeMax(get.message->getAgeMax());
  });
  ask<schema::KeyState>(addresses[asked], question, options_.patience,
                        [this, asked, get = std::move(get)](Result<Held<schema::KeyState>> said) mutable {
                          hear_one(std::move(get), asked, std::move(said));
                        });
}

void MemorySession::hear_one(StaleGet get, std::size_t validator, Result<Held<schema::KeyState>> said) {
  if (said && !(*said)->getIsTooOld()) {
    const schema::KeyState::Reader& state = **said;
    const auto value = state.getValue();
    const bool is_there = value.getKind() != static_cast<std::uint8_t>(consensus::ValueKind::absent);
    return get.reply.send(
        [&](schema::MemoryReply::Builder answer) {
          answer.setCommit(state.getCommit());
          answer.setTime(state.getTime());
          auto result = answer.initResults(1)[0];
          result.setStatus(static_cast<std::uint8_t>(is_there ? consensus::Status::ok : consensus::Status::not_found));
          if (is_there) result.setValue(value);
        },
        64 + value.getBytes().size() / sizeof(std::uint64_t));
  }
  // Whoever is behind now will be for a while.
  if (nearest_ == validator) nearest_ = (nearest_ + 1) % directory_->size();
  ++get.tries;
  ask_one(std::move(get));
}

void MemorySession::read_in_order(StaleGet get) {
  const auto key = get.message->getKey();
  const consensus::Transaction read = consensus::Transaction::get(validator::text_of(key));
  const std::vector<std::byte> batch = consensus::write_batch(0, 1, {&read, 1});
  Frame frame = make_frame<schema::MemoryRequest>([&](schema::MemoryRequest::Builder request) {
    request.setBatch({reinterpret_cast<const capnp::byte*>(batch.data()), batch.size()});
  });
  take(Held<schema::MemoryRequest>{std::move(frame)}, std::move(get.reply));
}

void MemorySession::take_place(Held<schema::MemoryPlaceRequest> /*message*/, Reply<schema::MemoryReply> reply) {
  ask_places(std::make_shared<PlaceSought>(PlaceSought{std::move(reply), {}, 0}));
}

void MemorySession::ask_places(const std::shared_ptr<PlaceSought>& sought) {
  if (!is_awaited(sought->reply)) return;
  sought->commits.clear();
  sought->answers = 0;
  const Frame question = make_frame<schema::ReadKey>(
      [](schema::ReadKey::Builder read) { read.setAgeMax(std::numeric_limits<std::int64_t>::max()); });
  for (const AgentRef& address : directory_->addresses()) {
    ask<schema::KeyState>(address, question, options_.patience,
                          [this, sought](Result<Held<schema::KeyState>> said) { hear_place(sought, std::move(said)); });
  }
}

void MemorySession::hear_place(const std::shared_ptr<PlaceSought>& sought, Result<Held<schema::KeyState>> said) {
  if (!sought->reply.wanted()) return;
  ++sought->answers;
  if (said) sought->commits.push_back((*said)->getCommit());
  const std::size_t faults = (directory_->size() - 1) / 3;
  if (sought->commits.size() >= directory_->size() - faults) {
    // At least one of those who say this much or more is honest: it is a commit that there was.
    std::ranges::sort(sought->commits, std::greater{});
    return sought->reply.send(
        [&](schema::MemoryReply::Builder answer) { answer.initPlace().setCommit(sought->commits[faults]); });
  }
  if (sought->answers == directory_->size()) after(options_.patience / 16, [this, sought] { ask_places(sought); });
}

}  // namespace myelin
