#include "cluster/request.hpp"

#include <fmt/format.h>

#include <array>
#include <span>

namespace myelin::sim {

using consensus::ScriptStep;
using consensus::Transaction;
using Kind = Request::Kind;

std::vector<std::byte> encode(consensus::ClientId client, consensus::Sequence sequence, const Request& request) {
  using Step = ScriptStep::Operation;
  std::array<ScriptStep, 5> fetch_add;
  fetch_add[0].operation = Step::load;
  fetch_add[0].target = 0;
  fetch_add[0].bytes = request.key;
  fetch_add[1].operation = Step::number;
  fetch_add[1].target = 1;
  fetch_add[1].number = request.number;
  fetch_add[2].operation = Step::add;
  fetch_add[2].target = fetch_add[2].left = 0;
  fetch_add[2].right = 1;
  fetch_add[3].operation = Step::store;
  fetch_add[3].right = 0;
  fetch_add[3].bytes = request.key;
  fetch_add[4].operation = Step::result;
  fetch_add[4].left = 0;
  const std::array<std::string_view, 1> named = {request.key};
  Transaction transaction;
  switch (request.kind) {
    case Kind::put: transaction = Transaction::put(request.key, request.value, request.number); break;
    case Kind::get: transaction = Transaction::get(request.key); break;
    case Kind::cas: transaction = Transaction::cas(request.key, request.other, request.value, request.number); break;
    case Kind::put_if_absent:
      transaction = Transaction::put_if_absent(request.key, request.value, request.number);
      break;
    case Kind::erase: transaction = Transaction::erase(request.key); break;
    case Kind::add: transaction = Transaction::add(request.key, request.number); break;
    case Kind::fetch_add:
      // Every other one says which key it touches.
      transaction = sequence % 2 == 0 ? Transaction::script(fetch_add, named) : Transaction::script(fetch_add);
      break;
    case Kind::transfer: transaction = Transaction::transfer(request.key, request.other, request.number); break;
    case Kind::claim: transaction = Transaction::claim(request.key, request.number); break;
    case Kind::renew: transaction = Transaction::renew(request.key, request.token, request.number); break;
    case Kind::release: transaction = Transaction::release(request.key, request.token); break;
    case Kind::read_accounts: transaction = Transaction::range("a", "b", consensus::limits::kRangeEntriesMax); break;
    case Kind::read_ephemeral: transaction = Transaction::range("e", "f", consensus::limits::kRangeEntriesMax); break;
    case Kind::reconfigure:
      transaction = Transaction::reconfigure(request.epoch, request.validators, request.approvals);
      break;
  }
  return consensus::write_batch(client, sequence, std::span{&transaction, 1});
}

std::string to_string(const Request& request) {
  const std::string lasting = request.number == 0 ? "" : fmt::format(" for {} ns", request.number);
  switch (request.kind) {
    case Kind::put: return fmt::format("put {} '{}'{}", request.key, request.value, lasting);
    case Kind::get: return fmt::format("get {}", request.key);
    case Kind::cas: return fmt::format("cas {} '{}' to '{}'{}", request.key, request.other, request.value, lasting);
    case Kind::put_if_absent: return fmt::format("put {} '{}' if absent{}", request.key, request.value, lasting);
    case Kind::erase: return fmt::format("erase {}", request.key);
    case Kind::add: return fmt::format("add {} {}", request.key, request.number);
    case Kind::fetch_add: return fmt::format("fetch and add {} {}", request.key, request.number);
    case Kind::transfer: return fmt::format("transfer {} from {} to {}", request.number, request.key, request.other);
    case Kind::claim: return fmt::format("claim {}", request.key);
    case Kind::renew: return fmt::format("renew {} token {}", request.key, request.token);
    case Kind::release: return fmt::format("release {} token {}", request.key, request.token);
    case Kind::read_accounts: return "read accounts";
    case Kind::read_ephemeral: return "read ephemeral registers";
    case Kind::reconfigure:
      return fmt::format("end epoch {}{}", request.epoch, request.is_approved ? "" : " without approval");
  }
  return {};
}

std::string to_string(const consensus::Value& value) {
  switch (value.kind) {
    case consensus::ValueKind::absent: return "nothing";
    case consensus::ValueKind::bytes:
      if (value.expires != 0) return fmt::format("'{}' until {}", value.bytes, value.expires);
      return fmt::format("'{}'", value.bytes);
    case consensus::ValueKind::number: return fmt::format("{}", value.number);
    case consensus::ValueKind::lease:
      return fmt::format("lease {} of client {} until {}", value.token, value.holder, value.expires);
  }
  return {};
}

std::string to_string(const consensus::Reply& reply) {
  std::string text{consensus::to_string(reply.status)};
  if (reply.value.kind != consensus::ValueKind::absent) text += ' ' + to_string(reply.value);
  for (const consensus::KeyValue& entry : reply.entries)
    text += fmt::format(" {}={}", entry.key, to_string(entry.value));
  return text;
}

}  // namespace myelin::sim
