#include "session/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <span>
#include <utility>

#include "myelin/consensus/execution_limits.hpp"
#include "myelin/validator/value_message.hpp"

namespace myelin {

namespace {

using consensus::Verdict;
using validator::data_of;
using validator::digest_of;
using validator::fill;

std::span<const std::byte> bytes_of(capnp::Data::Reader data) noexcept {
  return std::as_bytes(std::span{data.begin(), data.size()});
}

// Executed now or before is the same to whoever asked.
bool is_done(Verdict verdict) noexcept {
  return verdict == Verdict::executed || verdict == Verdict::duplicate || verdict == Verdict::duplicate_cut;
}
bool agree(Verdict a, Verdict b) noexcept { return a == b || (is_done(a) && is_done(b)); }

void fill(schema::MemoryReply::Result::Builder to, const consensus::Reply& from, bool is_cut) {
  to.setStatus(static_cast<std::uint8_t>(from.status));
  to.setRefusal(static_cast<std::uint8_t>(from.refusal));
  to.setIsCut(from.is_cut || is_cut);
  if (from.value.kind != consensus::ValueKind::absent) fill(to.initValue(), from.value);
  if (from.entries.empty()) return;
  auto entries = to.initEntries(static_cast<unsigned>(from.entries.size()));
  for (unsigned i = 0; i < entries.size(); ++i) {
    entries[i].setKey(data_of(from.entries[i].key));
    fill(entries[i].initValue(), from.entries[i].value);
  }
}

// Room for results in words, so that they lie in one segment.
std::size_t words_of(std::span<const consensus::Reply> replies) noexcept {
  std::size_t words = 16;
  for (const consensus::Reply& reply : replies) {
    words += 12 + reply.value.bytes.size() / 8;
    for (const consensus::KeyValue& entry : reply.entries) {
      words += 12 + entry.key.size() / 8 + entry.value.bytes.size() / 8;
    }
  }
  return words;
}

// What a vertex can carry beside what it takes itself.
constexpr std::size_t kRequestBytesMax = consensus::limits::kBatchBytesMax - 1024;

/// Whether a validator that was asked in vain is not there now, rather than busy.
bool is_gone(Errc code) noexcept {
  return code == Errc::unreachable || code == Errc::outcome_unknown || code == Errc::receiver_dead ||
         code == Errc::not_found;
}

consensus::ClientId random_client() {
  std::random_device device;
  const std::uint64_t high = device();
  return std::max<consensus::ClientId>(high << 32 | device(), 1);
}

}  // namespace

MemorySession::MemorySession(std::shared_ptr<validator::Directory> directory, const MemorySessionOptions& options)
    : directory_{std::move(directory)}, options_{options} {
  if (options_.client == 0) {
    options_.client = random_client();
  } else {
    // A session of the same client before this one has used lower numbers, if the clock has not gone back.
    sequence_ = static_cast<consensus::Sequence>(std::chrono::system_clock::now().time_since_epoch() /
                                                 std::chrono::nanoseconds{1});
  }
  options_.batch_transactions_max =
      std::clamp<std::size_t>(options_.batch_transactions_max, 1, consensus::limits::kBatchTransactionsMax);
  // A quarter is left for what batches take beside their transactions' own bytes.
  options_.batch_bytes_max = std::min<std::size_t>(options_.batch_bytes_max, consensus::limits::kBatchBytesMax / 4 * 3);
  options_.batches_in_flight_max =
      std::clamp<std::size_t>(options_.batches_in_flight_max, 1, consensus::limits::kSessionWindow);
  next_validator_ = nearest_ = next_source_ = options_.client % directory_->size();
  away_until_.resize(directory_->size());
}

void MemorySession::handlers(Handlers<MemorySession>& on) {
  on.message<&MemorySession::take>();
  on.message<&MemorySession::take_stale_get>();
  on.message<&MemorySession::take_place>();
  on.message<&MemorySession::take_changes>();
}

void MemorySession::on_start() {}

void MemorySession::take(Held<schema::MemoryRequest> message, Reply<schema::MemoryReply> reply) {
  const std::span bytes = bytes_of(message->getBatch());
  auto batch = consensus::read_batch(bytes);
  if (bytes.size() > kRequestBytesMax) {
    return reply.fail({Errc::invalid_argument,
                       fmt::format("operations of {} bytes in one call; {} are the most, so send them in several",
                                   bytes.size(), kRequestBytesMax)});
  }
  if (!batch) {
    return reply.fail({Errc::invalid_argument, fmt::format("the shared memory cannot take {} bytes of operations: {}",
                                                           bytes.size(), to_string(batch.error()))});
  }
  if (std::ranges::any_of(batch->transactions, [](const consensus::Transaction& transaction) {
        return transaction.operation == consensus::Operation::reconfigure;
      })) {
    return reply.fail({Errc::invalid_argument, "the shared memory's validators cannot be changed by what it is asked"});
  }
  if (transactions_waiting_ + batch->transactions.size() > options_.transactions_waiting_max) {
    return reply.fail({Errc::overloaded, fmt::format("{} operations wait for the shared memory already, and {} are the "
                                                     "most; send more slowly",
                                                     transactions_waiting_, options_.transactions_waiting_max)});
  }
  transactions_waiting_ += batch->transactions.size();
  const bool is_read = std::ranges::all_of(batch->transactions, [](const consensus::Transaction& transaction) {
    return transaction.operation == consensus::Operation::get || transaction.operation == consensus::Operation::range;
  });
  waiting_.push_back({std::move(message), std::move(reply), std::move(*batch), is_read});
}

bool MemorySession::has_place() const noexcept {
  if (flights_.size() >= options_.batches_in_flight_max) return false;
  // A batch this far behind another would be taken for one that nobody knows any more.
  return flights_.empty() || sequence_ + 1 - flights_.begin()->first < consensus::limits::kSessionWindow;
}

void MemorySession::send_batches() {
  while (!waiting_.empty() && has_place()) send_batch();
}

void MemorySession::send_batch() {
  Flight flight;
  std::vector<consensus::Transaction> transactions;
  std::size_t bytes = 0;
  while (!waiting_.empty()) {
    Request& request = waiting_.front();
    const std::span own{request.batch.transactions};
    const std::size_t own_bytes = request.message->getBatch().size();
    const bool is_too_much = transactions.size() + own.size() > options_.batch_transactions_max ||
                             bytes + own_bytes > options_.batch_bytes_max;
    if (is_too_much && !transactions.empty()) break;
    transactions_waiting_ -= own.size();
    if (!request.reply.wanted() || request.reply.cancelled()) {
      waiting_.pop_front();
      continue;
    }
    bytes += own_bytes;
    transactions.insert(transactions.end(), own.begin(), own.end());
    flight.requests.push_back(std::move(request));
    waiting_.pop_front();
  }
  if (transactions.empty()) return;
  const consensus::Sequence sequence = ++sequence_;
  const std::vector<std::byte> batch = consensus::write_batch(options_.client, sequence, transactions);
  flight.batch = consensus::batch_digest(batch);
  flight.submission = make_frame<schema::SubmitBatch>(
      [&](schema::SubmitBatch::Builder submit) {
        submit.setClient(options_.client);
        submit.setSequence(sequence);
        submit.setBatch({reinterpret_cast<const capnp::byte*>(batch.data()), batch.size()});
      },
      {}, batch.size() / 8 + 16);
  flight.validator = next_validator_++ % directory_->size();
  ask_validators(sequence, flights_.emplace(sequence, std::move(flight)).first->second);
}

/// The first from `validator` on that can be reached, as far as is known.
std::size_t MemorySession::next_present(std::size_t validator) const {
  const std::vector<AgentRef> addresses = directory_->addresses();
  const TimePoint time = now();
  std::size_t known = validator;
  for (std::size_t i = 0; i < addresses.size(); ++i, validator = (validator + 1) % addresses.size()) {
    if (!addresses[validator]) continue;
    if (time >= away_until_[validator]) return validator;
    if (!addresses[known]) known = validator;
  }
  return known;
}

Duration MemorySession::patience(unsigned tries) const noexcept {
  return std::min(options_.patience * (1U << std::min(tries, 10U)), options_.patience_max);
}

void MemorySession::ask_validators(consensus::Sequence sequence, Flight& flight) {
  // Not only the one that has the batch may fail to answer.
  flight.timer = after(patience(flight.tries), [this, sequence, tries = flight.tries] { try_again(sequence, tries); });
  flight.validator = next_present(flight.validator);
  const Frame wait = make_frame<schema::AwaitBatch>([&](schema::AwaitBatch::Builder await) {
    await.setClient(options_.client);
    await.setSequence(sequence);
  });
  for (std::size_t i = 0; i < directory_->size(); ++i) {
    const bool is_submission = i == flight.validator;
    ask_validator(sequence, i, is_submission ? flight.submission : wait, is_submission, flight.tries);
  }
}

void MemorySession::ask_validator(consensus::Sequence sequence, std::size_t validator, const Frame& question,
                                  bool is_submission, unsigned tries) {
  ask<schema::BatchAnswer>(directory_->address(validator), question, patience(tries),
                           [=, this](Result<Held<schema::BatchAnswer>> said) {
                             hear(sequence, validator, is_submission, tries, std::move(said));
                           });
}

void MemorySession::hear(consensus::Sequence sequence, std::size_t validator, bool is_submission, unsigned tries,
                         Result<Held<schema::BatchAnswer>> said) {
  const bool is_away = !said && is_gone(said.error().code);
  if (is_away || said) away_until_[validator] = is_away ? now() + options_.patience : TimePoint{};
  const auto flight = flights_.find(sequence);
  if (flight == flights_.end()) return;
  if (!said) {
    // Who has the batch is to be replaced. A full one needs a moment, and so do all if none is there.
    if (!is_submission || tries != flight->second.tries || said.error().code == Errc::timeout) return;
    if (is_away && now() >= away_until_[next_present(validator)]) return try_again(sequence, tries);
    after(options_.patience / 16, [=, this] { try_again(sequence, tries); });
    return;
  }
  const schema::BatchAnswer::Reader& answer = **said;
  if (answer.getVerdict() >= consensus::kVerdicts) return;
  Answer heard{static_cast<Verdict>(answer.getVerdict()), digest_of(answer.getDigest()), false, std::nullopt};
  if (is_submission) {
    // What the digest is compared by is what is read.
    const auto replies = bytes_of(answer.getReplies());
    const std::string_view text{reinterpret_cast<const char*>(replies.data()), replies.size()};
    const consensus::Digest batch = digest_of(answer.getBatch());
    heard.digest = consensus::answer_digest(options_.client, sequence, batch, text);
    heard.is_ours = batch == flight->second.batch;
    heard.whole = std::move(*said);
  }
  flight->second.answers.insert_or_assign(validator, std::move(heard));
  settle(flight);
}

void MemorySession::try_again(consensus::Sequence sequence, unsigned tries) {
  const auto flight = flights_.find(sequence);
  if (flight == flights_.end() || flight->second.tries != tries) return;
  const bool is_awaited = std::ranges::any_of(flight->second.requests, [this](const Request& request) {
    return request.reply.wanted() && !request.reply.cancelled() && request.reply.deadline() > now();
  });
  if (!is_awaited) {
    for (Request& request : flight->second.requests) give_up(request.reply);
    cancel(flight->second.timer);
    flights_.erase(flight);
    return;
  }
  cancel(flight->second.timer);
  ++flight->second.tries;
  flight->second.validator = (flight->second.validator + 1) % directory_->size();
  ask_validators(sequence, flight->second);
}

// The asker's own clock says the same at about this moment; whichever comes first must be understood alike.
void MemorySession::give_up(Reply<schema::MemoryReply>& reply) {
  reply.fail({Errc::timeout, "no answer came before the deadline"});
}

void MemorySession::settle(std::map<consensus::Sequence, Flight>::iterator flight) {
  const std::size_t enough = (directory_->size() - 1) / 3 + 1;
  for (const auto& [validator, answer] : flight->second.answers) {
    if (!answer.whole) continue;
    const auto same = std::ranges::count_if(flight->second.answers, [&](const auto& other) {
      return agree(other.second.verdict, answer.verdict) && other.second.digest == answer.digest;
    });
    if (static_cast<std::size_t>(same) >= enough) return end(flight, answer);
  }
}

void MemorySession::end(std::map<consensus::Sequence, Flight>::iterator flight, const Answer& answer) {
  const schema::BatchAnswer::Reader& said = **answer.whole;
  const auto bytes = bytes_of(said.getReplies());
  const auto replies =
      consensus::decode_replies(std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::size_t expected = 0;
  for (const Request& request : flight->second.requests) expected += request.batch.transactions.size();
  const bool is_whole = is_done(answer.verdict) && answer.is_ours && replies && replies->size() == expected;
  std::size_t first = 0;
  for (Request& request : flight->second.requests) {
    if (!is_whole) {
      const Errc code = answer.verdict == Verdict::refused ? Errc::overloaded : Errc::outcome_unknown;
      const bool is_another = is_done(answer.verdict) && !answer.is_ours;
      request.reply.fail(
          {code, is_another
                     ? "a validator that lies had another batch executed in the place of the one that it was sent"
                     : fmt::format("the validators did not execute the batch: {}", to_string(answer.verdict))});
      continue;
    }
    const std::span own = std::span{*replies}.subspan(first, request.batch.transactions.size());
    first += own.size();
    // Of what was executed for an earlier try only the statuses may have been kept.
    const bool is_cut = answer.verdict == Verdict::duplicate_cut;
    if (is_cut && request.is_read) {
      transactions_waiting_ += own.size();
      waiting_.push_back(std::move(request));
      continue;
    }
    request.reply.send(
        [&](schema::MemoryReply::Builder reply) {
          reply.setCommit(said.getCommit());
          reply.setTime(said.getTime());
          auto results = reply.initResults(static_cast<unsigned>(own.size()));
          for (unsigned i = 0; i < results.size(); ++i) {
            fill(results[i], own[i], is_cut);
            // It travelled as one without operation: what was wrong with it is known here alone.
            const consensus::Transaction& asked = request.batch.transactions[i];
            if (asked.operation == consensus::Operation::malformed) {
              results[i].setRefusal(static_cast<std::uint8_t>(asked.refusal));
            }
          }
        },
        words_of(own));
  }
  cancel(flight->second.timer);
  flights_.erase(flight);
}

}  // namespace myelin
