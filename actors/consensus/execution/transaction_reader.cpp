#include <algorithm>
#include <cstring>
#include <limits>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/consensus/transaction.hpp"
#include "myelin/transaction.capnp.h"

namespace myelin::consensus {

namespace {

using Refusal = TransactionRefusal;
using StepOperation = ScriptStep::Operation;

std::string_view text_of(capnp::Data::Reader data) noexcept {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}

bool is_key(std::string_view key) noexcept { return !key.empty() && key.size() <= limits::kKeyBytesMax; }
bool is_value(std::string_view value) noexcept { return value.size() <= limits::kValueBytesMax; }
bool is_duration(std::int64_t duration) noexcept { return duration >= 1 && duration <= limits::kLeaseMax; }
bool is_time_to_live(std::int64_t time) noexcept { return time >= 0 && time <= limits::kTimeToLiveMax; }
bool is_register(std::uint8_t number) noexcept { return number < limits::kScriptRegisters; }

/// What a step needs to be in order, apart from what its registers will hold.
bool is_step(const ScriptStep& step, std::size_t steps_after, std::int64_t& digests) noexcept {
  const bool target = is_register(step.target), left = is_register(step.left), right = is_register(step.right);
  const bool left_or_none = left || step.left == ScriptStep::kNoRegister;
  switch (step.operation) {
    case StepOperation::none: return false;
    case StepOperation::number: return target;
    case StepOperation::bytes: return target && is_value(step.bytes);
    case StepOperation::load: return target && left_or_none && step.bytes.size() <= limits::kKeyBytesMax;
    case StepOperation::store: return right && left_or_none && step.bytes.size() <= limits::kKeyBytesMax;
    case StepOperation::add:
    case StepOperation::subtract:
    case StepOperation::multiply:
    case StepOperation::less:
    case StepOperation::equal:
    case StepOperation::concat: return target && left && right;
    case StepOperation::digest:
      if (step.number < 1 || step.number > limits::kScriptDigestsMax) return false;
      digests += step.number;
      return target && left && digests <= limits::kScriptDigestsMax;
    case StepOperation::skip_unless:
      return left && step.number >= 1 && static_cast<std::uint64_t>(step.number) <= steps_after;
    case StepOperation::require:
    case StepOperation::result: return left;
  }
  return false;
}

class Reader {
 public:
  explicit Reader(Batch& batch) noexcept : batch_{batch} {}

  void read(schema::Transaction::Reader from) {
    Transaction& to = batch_.transactions.emplace_back();
    to.client = batch_.client;
    to.refusal = read_operation(from, to);
    if (to.refusal != Refusal::none) to.operation = Operation::malformed;
  }

  /// The lists have stopped growing: now the transactions can point into them.
  void finish() noexcept {
    for (const Lists& lists : lists_) {
      Transaction& transaction = batch_.transactions[lists.transaction];
      if (transaction.operation == Operation::malformed) continue;
      transaction.steps = std::span{batch_.steps}.subspan(lists.steps_begin, lists.steps);
      transaction.keys = std::span{batch_.keys}.subspan(lists.keys_begin, lists.keys);
      transaction.validators = std::span{batch_.validators}.subspan(lists.validators_begin, lists.validators);
      transaction.approvals = std::span{batch_.approvals}.subspan(lists.approvals_begin, lists.approvals);
    }
  }

 private:
  struct Lists {
    std::size_t transaction;
    std::size_t steps_begin, steps = 0;
    std::size_t keys_begin, keys = 0;
    std::size_t validators_begin, validators = 0;
    std::size_t approvals_begin, approvals = 0;
  };

  [[nodiscard]] Lists begin_lists() const noexcept {
    return {.transaction = batch_.transactions.size() - 1,
            .steps_begin = batch_.steps.size(),
            .keys_begin = batch_.keys.size(),
            .validators_begin = batch_.validators.size(),
            .approvals_begin = batch_.approvals.size()};
  }

  Refusal read_operation(schema::Transaction::Reader from, Transaction& to) {
    switch (from.which()) {
      case schema::Transaction::PUT: {
        const auto put = from.getPut();
        to = with_key(to, Operation::put, put.getKey());
        to.value = text_of(put.getValue());
        to.number = put.getTimeToLive();
        if (!is_time_to_live(to.number)) return Refusal::bad_time_to_live;
        break;
      }
      case schema::Transaction::GET: to = with_key(to, Operation::get, from.getGet().getKey()); break;
      case schema::Transaction::CAS: {
        const auto cas = from.getCas();
        to = with_key(to, Operation::cas, cas.getKey());
        to.if_absent = cas.getIfAbsent();
        to.other = to.if_absent ? std::string_view{} : text_of(cas.getExpected());
        to.value = text_of(cas.getDesired());
        to.number = cas.getTimeToLive();
        if (!is_time_to_live(to.number)) return Refusal::bad_time_to_live;
        if (!is_value(to.other)) return Refusal::value_too_large;
        break;
      }
      case schema::Transaction::DELETE: to = with_key(to, Operation::erase, from.getDelete().getKey()); break;
      case schema::Transaction::ADD: {
        const auto add = from.getAdd();
        to = with_key(to, Operation::add, add.getKey());
        to.number = add.getDelta();
        break;
      }
      case schema::Transaction::TRANSFER: {
        const auto transfer = from.getTransfer();
        to = with_key(to, Operation::transfer, transfer.getFrom());
        to.other = text_of(transfer.getTo());
        to.number = transfer.getAmount();
        if (!is_key(to.other)) return Refusal::bad_key;
        if (to.number < 1) return Refusal::bad_amount;
        break;
      }
      case schema::Transaction::CLAIM: {
        const auto claim = from.getClaim();
        to = with_key(to, Operation::claim, claim.getKey());
        to.number = claim.getDuration();
        if (!is_duration(to.number)) return Refusal::bad_duration;
        break;
      }
      case schema::Transaction::RENEW: {
        const auto renew = from.getRenew();
        to = with_key(to, Operation::renew, renew.getKey());
        to.token = renew.getToken();
        to.number = renew.getDuration();
        if (!is_duration(to.number)) return Refusal::bad_duration;
        break;
      }
      case schema::Transaction::RELEASE: {
        const auto release = from.getRelease();
        to = with_key(to, Operation::release, release.getKey());
        to.token = release.getToken();
        break;
      }
      case schema::Transaction::RANGE: {
        const auto range = from.getRange();
        to = with_key(to, Operation::range, range.getFirst());
        to.other = text_of(range.getEnd());
        to.limit = range.getLimit();
        if (to.key.size() > limits::kKeyBytesMax || to.other.size() > limits::kKeyBytesMax) return Refusal::bad_key;
        if (to.limit < 1 || to.limit > limits::kRangeEntriesMax) return Refusal::bad_range_limit;
        return Refusal::none;
      }
      case schema::Transaction::SCRIPT: to.operation = Operation::script; return read_script(from.getScript());
      case schema::Transaction::RECONFIGURE:
        to.operation = Operation::reconfigure;
        to.token = from.getReconfigure().getEpoch();
        return read_committee(from.getReconfigure().getValidators(), from.getReconfigure().getApprovals());
      default: return Refusal::no_operation;
    }
    if (!is_key(to.key)) return Refusal::bad_key;
    return is_value(to.value) ? Refusal::none : Refusal::value_too_large;
  }

  static Transaction with_key(Transaction transaction, Operation operation, capnp::Data::Reader key) noexcept {
    transaction.operation = operation;
    transaction.key = text_of(key);
    return transaction;
  }

  Refusal read_script(schema::Transaction::Script::Reader from) {
    const auto steps = from.getSteps();
    const auto keys = from.getKeys();
    if (steps.size() == 0 || steps.size() > limits::kScriptStepsMax || keys.size() > limits::kScriptKeysMax) {
      return Refusal::bad_script_size;
    }
    Lists lists = begin_lists();
    std::int64_t digests = 0;
    std::size_t after = steps.size();
    for (const auto step : steps) {
      --after;
      const auto operation = static_cast<std::uint16_t>(step.getOperation());
      if (operation > static_cast<std::uint16_t>(StepOperation::result)) return Refusal::bad_script_step;
      const ScriptStep& read =
          batch_.steps.emplace_back(ScriptStep{static_cast<StepOperation>(operation), step.getTarget(), step.getLeft(),
                                               step.getRight(), step.getNumber(), text_of(step.getBytes())});
      if (!is_step(read, after, digests)) return Refusal::bad_script_step;
    }
    for (const auto key : keys) {
      if (!is_key(batch_.keys.emplace_back(text_of(key)))) return Refusal::bad_key;
    }
    lists.steps = steps.size();
    lists.keys = keys.size();
    lists_.push_back(lists);
    return Refusal::none;
  }

  Refusal read_committee(capnp::List<capnp::Data>::Reader from,
                         capnp::List<schema::Transaction::Approval>::Reader approvals) {
    if (from.size() == 0 || from.size() > limits::kValidatorsMax) return Refusal::bad_validators;
    if (approvals.size() > limits::kValidatorsMax) return Refusal::bad_approvals;
    Lists lists = begin_lists();
    for (const auto key : from) {
      PublicKey& read = batch_.validators.emplace_back();
      if (key.size() != read.bytes.size()) return Refusal::bad_validators;
      std::memcpy(read.bytes.data(), key.begin(), key.size());
    }
    const std::span keys = std::span{batch_.validators}.subspan(lists.validators_begin);
    for (std::size_t later = 1; later < keys.size(); ++later) {
      const auto before = keys.first(later);
      if (std::ranges::find(before, keys[later]) != before.end()) return Refusal::bad_validators;
    }
    for (const auto approval : approvals) {
      const bool is_first = batch_.approvals.size() == lists.approvals_begin;
      if (!is_first && approval.getValidator() <= batch_.approvals.back().validator) return Refusal::bad_approvals;
      Approval& read = batch_.approvals.emplace_back(Approval{approval.getValidator(), {}});
      const auto signature = approval.getSignature();
      if (signature.size() != read.signature.bytes.size()) return Refusal::bad_approvals;
      std::memcpy(read.signature.bytes.data(), signature.begin(), signature.size());
    }
    lists.validators = keys.size();
    lists.approvals = approvals.size();
    lists_.push_back(lists);
    return Refusal::none;
  }

  Batch& batch_;
  std::vector<Lists> lists_;
};

}  // namespace

tl::expected<Batch, BatchRefusal> read_batch(std::span<const std::byte> bytes) {
  if (bytes.size() > limits::kBatchBytesMax) return tl::unexpected{BatchRefusal::too_large};
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0) return tl::unexpected{BatchRefusal::malformed};
  Batch batch;
  const std::size_t words = bytes.size() / sizeof(capnp::word);
  const auto* begin = reinterpret_cast<const capnp::word*>(bytes.data());
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % sizeof(capnp::word) != 0) {
    batch.own_bytes.resize(words);
    std::memcpy(batch.own_bytes.data(), bytes.data(), bytes.size());
    begin = reinterpret_cast<const capnp::word*>(batch.own_bytes.data());
  }
  try {
    const kj::ArrayPtr<const capnp::word> segment[] = {kj::arrayPtr(begin, words)};
    // The bounds checked here limit the work, not Cap'n Proto's count, whose rules differ between its versions.
    capnp::SegmentArrayMessageReader message{
        kj::arrayPtr(segment, 1),
        {.traversalLimitInWords = std::numeric_limits<std::uint64_t>::max(), .nestingLimit = 8}};
    const auto root = message.getRoot<schema::TransactionBatch>();
    const auto transactions = root.getTransactions();
    if (transactions.size() == 0) return tl::unexpected{BatchRefusal::no_transactions};
    if (transactions.size() > limits::kBatchTransactionsMax ||
        transactions.size() * limits::kTransactionWordsMin > words) {
      return tl::unexpected{BatchRefusal::too_many_transactions};
    }
    batch.client = root.getClient();
    batch.sequence = root.getSequence();
    if (batch.sequence == 0) return tl::unexpected{BatchRefusal::bad_sequence};
    batch.transactions.reserve(transactions.size());
    Reader reader{batch};
    for (const auto transaction : transactions) reader.read(transaction);
    reader.finish();
    for (const Transaction& transaction : batch.transactions) batch.work += work_of(transaction);
  } catch (const kj::Exception&) {
    return tl::unexpected{BatchRefusal::malformed};
  }
  return batch;
}

std::uint64_t work_of(const Transaction& transaction) noexcept {
  std::uint64_t work = limits::kTransactionWork;
  if (transaction.operation == Operation::range) work += transaction.limit;
  for (const ScriptStep& step : transaction.steps) {
    work += 1;
    if (step.operation == StepOperation::digest) work += limits::kDigestWork * static_cast<std::uint64_t>(step.number);
  }
  return work + limits::kApprovalWork * transaction.approvals.size();
}

std::string_view to_string(TransactionRefusal reason) noexcept {
  switch (reason) {
    case Refusal::none: return "none";
    case Refusal::no_operation: return "no_operation";
    case Refusal::bad_key: return "bad_key";
    case Refusal::value_too_large: return "value_too_large";
    case Refusal::bad_amount: return "bad_amount";
    case Refusal::bad_duration: return "bad_duration";
    case Refusal::bad_range_limit: return "bad_range_limit";
    case Refusal::bad_script_size: return "bad_script_size";
    case Refusal::bad_script_step: return "bad_script_step";
    case Refusal::bad_validators: return "bad_validators";
    case Refusal::bad_time_to_live: return "bad_time_to_live";
    case Refusal::bad_approvals: return "bad_approvals";
  }
  return "unknown";
}

std::string_view to_string(BatchRefusal reason) noexcept {
  switch (reason) {
    case BatchRefusal::malformed: return "malformed";
    case BatchRefusal::too_large: return "too_large";
    case BatchRefusal::no_transactions: return "no_transactions";
    case BatchRefusal::too_many_transactions: return "too_many_transactions";
    case BatchRefusal::bad_sequence: return "bad_sequence";
    case BatchRefusal::commit_full: return "commit_full";
  }
  return "unknown";
}

}  // namespace myelin::consensus
