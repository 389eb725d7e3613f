#include <fmt/format.h>

#include "myelin/consensus/execution_limits.hpp"
#include "myelin/memory/call.hpp"
#include "myelin/validator/key_pattern.hpp"

namespace myelin::detail {

namespace {

using consensus::Status;
using consensus::TransactionRefusal;
using ResultReader = schema::MemoryReply::Result::Reader;

Status status_of(const ResultReader& result) noexcept { return static_cast<Status>(result.getStatus()); }

std::string_view text_of(capnp::Data::Reader data) noexcept {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}

std::optional<MemoryValue> value_of(const MemoryReplyPtr& reply, const ResultReader& result) {
  const auto value = result.getValue();
  if (value.getKind() == static_cast<std::uint8_t>(ValueKind::absent)) return std::nullopt;
  return MemoryValue{reply, value};
}

// An operation that was not done, as an error.
Error error_of(const ResultReader& result, bool only_leases_refuse = false) {
  const Status status = status_of(result);
  switch (only_leases_refuse && status == Status::wrong_type ? Status::held : status) {
    case Status::wrong_type:
      return {Errc::wrong_value_kind, "the key holds another kind of value: " + std::string{to_string(status)}};
    case Status::insufficient: return {Errc::insufficient, "the amount is more than there is"};
    case Status::overflow: return {Errc::insufficient, "the receiver cannot hold as much"};
    case Status::held: return {Errc::lease_held, "the key is held by a lease that is not over; wait, or release it"};
    case Status::not_holder: return {Errc::not_holder, "there is no such lease, or it is over, or somebody else's"};
    case Status::state_full: return {Errc::memory_full, "the shared memory is full; deleting keys helps"};
    case Status::malformed:
      return {Errc::invalid_argument, fmt::format("the shared memory does not take it: {}",
                                                  to_string(static_cast<TransactionRefusal>(result.getRefusal())))};
    default: return {Errc::invalid_argument, fmt::format("the shared memory answers {}", to_string(status))};
  }
}

// The answer to one operation; none where the answer is to another number of them.
std::optional<ResultReader> only(const MemoryReplyPtr& reply) {
  const auto results = (*reply)->getResults();
  if (results.size() != 1) return std::nullopt;
  return results[0];
}

// Asked again after an answer that never came, validators know what became of it, and no longer what there was.
Error not_done_and_cut() { return {Errc::overloaded, "it was not done, and what the key holds got lost on the way"}; }

Error no_answer() { return {Errc::wrong_answer_type, "the session answers another number of operations"}; }

}  // namespace

Error as_outcome(Error error, bool is_read) {
  if (is_read) return error;
  switch (error.code) {
    case Errc::timeout:
    case Errc::cancelled:
    case Errc::receiver_dead:
    case Errc::no_reply:
    case Errc::handler_failed:
      return {Errc::outcome_unknown, "the operation may have been executed, or may yet be: " + error.message};
    default: return error;
  }
}

Result<void> ReadDone::operator()(const MemoryReplyPtr& reply) const {
  const auto result = only(reply);
  if (!result) return tl::unexpected{no_answer()};
  if (status_of(*result) != Status::ok) return tl::unexpected{error_of(*result, only_leases_refuse)};
  return {};
}

Result<bool> ReadErased::operator()(const MemoryReplyPtr& reply) const {
  const auto result = only(reply);
  if (!result) return tl::unexpected{no_answer()};
  if (status_of(*result) == Status::not_found) return false;
  if (status_of(*result) != Status::ok) return tl::unexpected{error_of(*result, true)};
  return true;
}

Result<ReadValue::Value> ReadValue::operator()(const MemoryReplyPtr& reply) const {
  const auto result = only(reply);
  if (!result) return tl::unexpected{no_answer()};
  if (status_of(*result) == Status::not_found) return Value{};
  if (status_of(*result) != Status::ok) return tl::unexpected{error_of(*result)};
  if (result->getIsCut()) return fail(Errc::overloaded, "too much was read at a time; ask again");
  return value_of(reply, *result);
}

Result<CasOutcome> ReadCas::operator()(const MemoryReplyPtr& reply) const {
  const auto result = only(reply);
  if (!result) return tl::unexpected{no_answer()};
  if (status_of(*result) == Status::ok) return CasOutcome{.is_swapped = true};
  if (status_of(*result) == Status::mismatch) {
    if (result->getIsCut()) return tl::unexpected{not_done_and_cut()};
    return CasOutcome{false, value_of(reply, *result)};
  }
  return tl::unexpected{error_of(*result)};
}

Result<ClaimOutcome> ReadClaim::operator()(const MemoryReplyPtr& reply) const {
  const auto result = only(reply);
  if (!result) return tl::unexpected{no_answer()};
  const Status status = status_of(*result);
  if (status != Status::ok && status != Status::held) return tl::unexpected{error_of(*result)};
  if (result->getIsCut()) {
    if (status == Status::held) return tl::unexpected{not_done_and_cut()};
    return fail(Errc::outcome_unknown, "the lease was granted, and its token got lost on the way; it ends by itself");
  }
  const auto lease = result->getValue();
  return ClaimOutcome{status == Status::ok, lease.getToken(), lease.getExpires(), lease.getHolder()};
}

Result<MemoryPage> ReadPage::operator()(const MemoryReplyPtr& reply) const {
  const auto result = only(reply);
  if (!result) return tl::unexpected{no_answer()};
  if (status_of(*result) != Status::ok) return tl::unexpected{error_of(*result)};
  if (result->getIsCut()) return fail(Errc::overloaded, "too much was read at a time; ask again, or for fewer keys");
  MemoryPage page;
  std::string last;
  std::size_t bytes = 0;
  for (const auto& entry : result->getEntries()) {
    last = text_of(entry.getKey());
    bytes += last.size() + entry.getValue().getBytes().size();
    if (!last.starts_with(space)) continue;
    const std::string_view key = std::string_view{last}.substr(space.size());
    if (validator::matches(pattern, key))
      page.entries.push_back({std::string{key}, MemoryValue{reply, entry.getValue()}});
  }
  // It ends where the next key does not fit, or where there is none: only if any would have fitted, it is the last
  // page.
  const bool is_last =
      result->getEntries().size() < limit &&
      bytes + consensus::limits::kKeyBytesMax + consensus::limits::kValueBytesMax <= consensus::limits::kRangeBytesMax;
  if (!is_last && last.starts_with(space)) page.cursor = last.substr(space.size());
  return page;
}

Result<StaleValue> ReadStale::operator()(const MemoryReplyPtr& reply) const {
  auto value = ReadValue{}(reply);
  if (!value) return tl::unexpected{std::move(value).error()};
  return StaleValue{*std::move(value), (*reply)->getCommit(), (*reply)->getTime()};
}

Result<MemoryPlace> ReadPlace::operator()(const MemoryReplyPtr& reply) const {
  return MemoryPlace{(*reply)->getPlace().getCommit(), std::string{text_of((*reply)->getPlace().getKey())}};
}

Result<MemoryChanges> ReadChanges::operator()(const MemoryReplyPtr& reply) const {
  MemoryChanges changes;
  changes.is_too_old = (*reply)->getIsTooOld();
  changes.place = changes.is_too_old ? after : *ReadPlace{}(reply);
  for (const auto& change : (*reply)->getChanges()) {
    const std::string_view key = text_of(change.getKey());
    if (!key.starts_with(space)) return fail(Errc::wrong_answer_type, "the session tells of keys of another space");
    MemoryChanges::Change& to = changes.changes.emplace_back();
    to.commit = change.getCommit();
    to.time = change.getTime();
    to.key = key.substr(space.size());
    if (change.getValue().getKind() != static_cast<std::uint8_t>(ValueKind::absent)) {
      to.value.emplace(reply, change.getValue());
    }
  }
  return changes;
}

Result<ReadAll::Value> ReadAll::operator()(const MemoryReplyPtr& reply) const {
  Value outcomes;
  for (const auto& result : (*reply)->getResults()) {
    MemoryOutcome& outcome = outcomes.emplace_back();
    outcome.status = status_of(result);
    outcome.is_cut = result.getIsCut();
    outcome.value = value_of(reply, result);
    for (const auto& entry : result.getEntries()) {
      outcome.entries.push_back({std::string{text_of(entry.getKey())}, MemoryValue{reply, entry.getValue()}});
    }
  }
  return outcomes;
}

}  // namespace myelin::detail
