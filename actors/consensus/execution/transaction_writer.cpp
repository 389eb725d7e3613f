#include <cstring>

#include <capnp/message.h>
#include <capnp/serialize.h>

#include "myelin/consensus/transaction.hpp"
#include "myelin/transaction.capnp.h"

namespace myelin::consensus {

namespace {

capnp::Data::Reader data_of(std::string_view text) noexcept {
  return {reinterpret_cast<const capnp::byte*>(text.data()), text.size()};
}

Transaction of(Operation operation, std::string_view key) noexcept {
  Transaction transaction;
  transaction.operation = operation;
  transaction.refusal = TransactionRefusal::none;
  transaction.key = key;
  return transaction;
}

void write_script(const Transaction& from, schema::Transaction::Script::Builder to) {
  auto steps = to.initSteps(static_cast<unsigned>(from.steps.size()));
  for (unsigned i = 0; i < from.steps.size(); ++i) {
    const ScriptStep& step = from.steps[i];
    steps[i].setOperation(static_cast<schema::Transaction::Operation>(step.operation));
    steps[i].setTarget(step.target);
    steps[i].setLeft(step.left);
    steps[i].setRight(step.right);
    steps[i].setNumber(step.number);
    if (!step.bytes.empty()) steps[i].setBytes(data_of(step.bytes));
  }
  if (from.keys.empty()) return;
  auto keys = to.initKeys(static_cast<unsigned>(from.keys.size()));
  for (unsigned i = 0; i < from.keys.size(); ++i) keys.set(i, data_of(from.keys[i]));
}

void write(const Transaction& from, schema::Transaction::Builder to) {
  switch (from.operation) {
    case Operation::malformed: to.setNone(); return;
    case Operation::put: {
      auto put = to.initPut();
      put.setKey(data_of(from.key));
      put.setValue(data_of(from.value));
      put.setTimeToLive(from.number);
      return;
    }
    case Operation::get: to.initGet().setKey(data_of(from.key)); return;
    case Operation::cas: {
      auto cas = to.initCas();
      cas.setKey(data_of(from.key));
      if (!from.if_absent) cas.setExpected(data_of(from.other));
      cas.setIfAbsent(from.if_absent);
      cas.setDesired(data_of(from.value));
      cas.setTimeToLive(from.number);
      return;
    }
    case Operation::erase: to.initDelete().setKey(data_of(from.key)); return;
    case Operation::add: {
      auto add = to.initAdd();
      add.setKey(data_of(from.key));
      add.setDelta(from.number);
      return;
    }
    case Operation::transfer: {
      auto transfer = to.initTransfer();
      transfer.setFrom(data_of(from.key));
      transfer.setTo(data_of(from.other));
      transfer.setAmount(from.number);
      return;
    }
    case Operation::claim: {
      auto claim = to.initClaim();
      claim.setKey(data_of(from.key));
      claim.setDuration(from.number);
      return;
    }
    case Operation::renew: {
      auto renew = to.initRenew();
      renew.setKey(data_of(from.key));
      renew.setToken(from.token);
      renew.setDuration(from.number);
      return;
    }
    case Operation::release: {
      auto release = to.initRelease();
      release.setKey(data_of(from.key));
      release.setToken(from.token);
      return;
    }
    case Operation::range: {
      auto range = to.initRange();
      range.setFirst(data_of(from.key));
      range.setEnd(data_of(from.other));
      range.setLimit(from.limit);
      return;
    }
    case Operation::script: write_script(from, to.initScript()); return;
    case Operation::reconfigure: {
      auto reconfigure = to.initReconfigure();
      reconfigure.setEpoch(from.token);
      auto validators = reconfigure.initValidators(static_cast<unsigned>(from.validators.size()));
      for (unsigned i = 0; i < from.validators.size(); ++i) {
        const auto& bytes = from.validators[i].bytes;
        validators.set(i, {bytes.data(), bytes.size()});
      }
      auto approvals = reconfigure.initApprovals(static_cast<unsigned>(from.approvals.size()));
      for (unsigned i = 0; i < from.approvals.size(); ++i) {
        approvals[i].setValidator(from.approvals[i].validator);
        const auto& bytes = from.approvals[i].signature.bytes;
        approvals[i].setSignature({bytes.data(), bytes.size()});
      }
      return;
    }
  }
}

// Words that the transaction takes in a message, or a few more.
std::size_t words_of(const Transaction& transaction) noexcept {
  const auto words = [](std::size_t bytes) { return (bytes + 7) / 8; };
  const auto size = capnp::_::structSize<schema::Transaction>();
  const auto step_size = capnp::_::structSize<schema::Transaction::Step>();
  std::size_t sum = std::size_t{size.data} + size.pointers + 2;  // 2: for the lists' tags
  sum += words(transaction.key.size()) + words(transaction.other.size()) + words(transaction.value.size());
  for (const ScriptStep& step : transaction.steps) {
    sum += std::size_t{step_size.data} + step_size.pointers + words(step.bytes.size());
  }
  for (const std::string_view key : transaction.keys) sum += 1 + words(key.size());
  return sum + 5 * transaction.validators.size() + 11 * transaction.approvals.size();
}

}  // namespace

std::vector<std::byte> write_batch(ClientId client, Sequence sequence, std::span<const Transaction> transactions) {
  const auto size = capnp::_::structSize<schema::TransactionBatch>();
  std::size_t words = std::size_t{1} + size.data + size.pointers + 1;
  for (const Transaction& transaction : transactions) words += words_of(transaction);
  capnp::MallocMessageBuilder message{static_cast<unsigned>(words), capnp::AllocationStrategy::FIXED_SIZE};
  auto batch = message.initRoot<schema::TransactionBatch>();
  batch.setClient(client);
  batch.setSequence(sequence);
  auto list = batch.initTransactions(static_cast<unsigned>(transactions.size()));
  for (unsigned i = 0; i < transactions.size(); ++i) write(transactions[i], list[i]);
  const auto segments = message.getSegmentsForOutput();
  KJ_ASSERT(segments.size() == 1, "words_of() counts too few");
  const std::span bytes = std::as_bytes(std::span{segments[0].begin(), segments[0].size()});
  return {bytes.begin(), bytes.end()};
}

Transaction Transaction::put(std::string_view key, std::string_view value, std::int64_t time_to_live_ns) noexcept {
  Transaction transaction = of(Operation::put, key);
  transaction.value = value;
  transaction.number = time_to_live_ns;
  return transaction;
}
Transaction Transaction::get(std::string_view key) noexcept { return of(Operation::get, key); }
Transaction Transaction::cas(std::string_view key, std::string_view expected, std::string_view desired,
                             std::int64_t time_to_live_ns) noexcept {
  Transaction transaction = of(Operation::cas, key);
  transaction.other = expected;
  transaction.value = desired;
  transaction.number = time_to_live_ns;
  return transaction;
}
Transaction Transaction::put_if_absent(std::string_view key, std::string_view value,
                                       std::int64_t time_to_live_ns) noexcept {
  Transaction transaction = of(Operation::cas, key);
  transaction.if_absent = true;
  transaction.value = value;
  transaction.number = time_to_live_ns;
  return transaction;
}
Transaction Transaction::erase(std::string_view key) noexcept { return of(Operation::erase, key); }
Transaction Transaction::add(std::string_view key, std::int64_t delta) noexcept {
  Transaction transaction = of(Operation::add, key);
  transaction.number = delta;
  return transaction;
}
Transaction Transaction::transfer(std::string_view from, std::string_view to, std::int64_t amount) noexcept {
  Transaction transaction = of(Operation::transfer, from);
  transaction.other = to;
  transaction.number = amount;
  return transaction;
}
Transaction Transaction::claim(std::string_view key, std::int64_t duration_ns) noexcept {
  Transaction transaction = of(Operation::claim, key);
  transaction.number = duration_ns;
  return transaction;
}
Transaction Transaction::renew(std::string_view key, std::uint64_t token, std::int64_t duration_ns) noexcept {
  Transaction transaction = of(Operation::renew, key);
  transaction.token = token;
  transaction.number = duration_ns;
  return transaction;
}
Transaction Transaction::release(std::string_view key, std::uint64_t token) noexcept {
  Transaction transaction = of(Operation::release, key);
  transaction.token = token;
  return transaction;
}
Transaction Transaction::range(std::string_view first, std::string_view end, std::uint32_t limit) noexcept {
  Transaction transaction = of(Operation::range, first);
  transaction.other = end;
  transaction.limit = limit;
  return transaction;
}
Transaction Transaction::script(std::span<const ScriptStep> steps, std::span<const std::string_view> keys) noexcept {
  Transaction transaction = of(Operation::script, {});
  transaction.steps = steps;
  transaction.keys = keys;
  return transaction;
}
Transaction Transaction::reconfigure(Epoch epoch, std::span<const PublicKey> validators,
                                     std::span<const Approval> approvals) noexcept {
  Transaction transaction = of(Operation::reconfigure, {});
  transaction.token = epoch;
  transaction.validators = validators;
  transaction.approvals = approvals;
  return transaction;
}

Digest next_committee_digest(Epoch epoch, std::span<const PublicKey> next) {
  Hasher hasher{Domain::next_committee};
  hasher.add(epoch).add(std::uint64_t{next.size()});
  for (const PublicKey& key : next) hasher.add(std::as_bytes(std::span{key.bytes}));
  return hasher.finish();
}

}  // namespace myelin::consensus
