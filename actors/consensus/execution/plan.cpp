#include "execution/plan.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace myelin::consensus {

namespace {

// Bytes of batches from which on it pays to wake other threads for decoding.
constexpr std::size_t kDecodeTogetherBytes = std::size_t{64} << 10;

/// A batch, and what it needs should it be executed.
struct Decoded {
  tl::expected<Batch, BatchRefusal> batch = tl::unexpected{BatchRefusal::malformed};
  Digest digest;
  std::vector<Reply> replies;
  Outline outline;
};

std::vector<Decoded> decode(const OrderedBatches& ordered, Workers* workers) {
  const std::vector<std::span<const std::byte>>& batches = ordered.batches;
  std::vector<Decoded> decoded(batches.size());
  std::size_t bytes = 0;
  for (const auto& batch : batches) bytes += batch.size();
  std::atomic<std::size_t> next{0};
  const auto work = [&](std::size_t) {
    for (std::size_t i = next++; i < batches.size(); i = next++) {
      decoded[i].batch = read_batch(batches[i]);
      if (!decoded[i].batch) continue;
      decoded[i].digest = ordered.digests.empty() ? batch_digest(batches[i]) : ordered.digests[i];
      decoded[i].replies.resize(decoded[i].batch->transactions.size());
      decoded[i].outline = Outline::of(std::span<const Transaction>{decoded[i].batch->transactions});
    }
  };
  if (workers && batches.size() > 1 && bytes >= kDecodeTogetherBytes) {
    workers->run(work);
  } else {
    work(0);
  }
  return decoded;
}

// Decides, batch by batch, what becomes of it: from the state, and from what was decided before in this commit.
class Sorter {
 public:
  Sorter(const State& state, std::size_t sessions_max, Plan& plan) noexcept
      : state_{state}, sessions_max_{sessions_max}, plan_{plan} {}

  void take(Decoded decoded) {
    BatchOutcome& outcome = plan_.outcomes.emplace_back();
    if (!decoded.batch) return refuse(outcome, decoded.batch.error());
    outcome.client = decoded.batch->client;
    outcome.sequence = decoded.batch->sequence;
    if (is_known(outcome)) return;
    if (plan_.tasks.size() + decoded.outline.count > limits::kCommitTransactionsMax ||
        plan_.outline.work + decoded.outline.work > limits::kCommitWorkMax) {
      outcome = {};
      return refuse(outcome, BatchRefusal::commit_full);
    }
    if (!has_room_for(outcome.client)) {
      outcome.verdict = Verdict::too_many_clients;
      return;
    }
    admit(std::move(decoded), outcome);
  }

 private:
  static void refuse(BatchOutcome& outcome, BatchRefusal reason) noexcept {
    outcome.verdict = Verdict::refused;
    outcome.refusal = reason;
  }

  /// Whether the batch, or a later one in its place, was executed before; answers it then.
  bool is_known(BatchOutcome& outcome) {
    const auto here = places_.find({outcome.client, outcome.sequence % limits::kSessionWindow});
    if (here != places_.end()) {
      const std::size_t first = here->second;
      const Sequence sequence = plan_.outcomes[first].sequence;
      if (sequence < outcome.sequence) return false;
      outcome.verdict = sequence == outcome.sequence ? Verdict::duplicate : Verdict::stale;
      if (outcome.verdict == Verdict::duplicate) {
        outcome.batch = plan_.outcomes[first].batch;
        plan_.copies.push_back({plan_.outcomes.size() - 1, first});
      }
      return true;
    }
    const std::optional<SessionEntry> entry = state_.session(outcome.client, outcome.sequence);
    if (!entry || entry->sequence < outcome.sequence) return false;
    outcome.verdict = Verdict::stale;
    if (entry->sequence == outcome.sequence) {
      outcome.verdict = entry->is_cut ? Verdict::duplicate_cut : Verdict::duplicate;
      outcome.batch = entry->batch;
      outcome.replies = decode_replies(entry->replies).value_or(std::vector<Reply>{});
    }
    return true;
  }

  bool has_room_for(ClientId client) {
    if (state_.knows(client) || new_clients_.contains(client)) return true;
    if (state_.client_count() + new_clients_.size() >= sessions_max_) return false;
    new_clients_.insert(client);
    return true;
  }

  void admit(Decoded decoded, BatchOutcome& outcome) {
    const std::size_t index = plan_.outcomes.size() - 1;
    plan_.outline.add(decoded.outline);
    places_[{outcome.client, outcome.sequence % limits::kSessionWindow}] = index;
    plan_.admitted.push_back({index, outcome.client, outcome.sequence});
    outcome.verdict = Verdict::executed;
    outcome.batch = decoded.digest;
    outcome.replies = std::move(decoded.replies);
    Batch& batch = plan_.batches.emplace_back(std::move(*decoded.batch));
    const std::uint64_t token = plan_.index << limits::kPlaceBits;
    for (std::size_t i = 0; i < batch.transactions.size(); ++i) {
      plan_.tasks.push_back({&batch.transactions[i], &outcome.replies[i], token + plan_.tasks.size() + 1});
    }
  }

  const State& state_;
  std::size_t sessions_max_;
  Plan& plan_;
  std::map<std::pair<ClientId, std::uint64_t>, std::size_t> places_;  // outcomes of batches admitted in this commit
  std::set<ClientId> new_clients_;
};

// Of replies of which only the statuses are kept.
std::vector<Reply> statuses_of(const std::vector<Reply>& replies) {
  std::vector<Reply> statuses(replies.size());
  for (std::size_t i = 0; i < replies.size(); ++i) statuses[i].status = replies[i].status;
  return statuses;
}

std::size_t bytes_of(const Reply& reply) noexcept {
  std::size_t bytes = reply.value.bytes.size();
  for (const KeyValue& entry : reply.entries) bytes += sizeof entry + entry.key.size() + entry.value.bytes.size();
  return bytes;
}

}  // namespace

Plan make_plan(const State& state, const OrderedBatches& ordered, std::size_t sessions_max, Workers* workers) {
  Plan plan;
  plan.index = ordered.index;
  plan.time = ordered.time;
  plan.outcomes.reserve(ordered.batches.size());
  plan.batches.reserve(ordered.batches.size());
  Sorter sorter{state, sessions_max, plan};
  std::vector<Decoded> decoded = decode(ordered, workers);
  std::size_t transactions = 0;
  for (const Decoded& batch : decoded) transactions += batch.outline.count;
  plan.tasks.reserve(std::min(transactions, limits::kCommitTransactionsMax));
  for (Decoded& batch : decoded) sorter.take(std::move(batch));
  return plan;
}

void cut_replies(std::span<const Task> tasks, std::size_t& bytes) {
  for (const Task& task : tasks) {
    const std::size_t own = bytes_of(*task.reply);
    if (bytes + own <= limits::kCommitReplyBytesMax) {
      bytes += own;
      continue;
    }
    task.reply->is_cut = true;
    task.reply->value = {};
    task.reply->entries = {};
  }
}

void finish_plan(Plan& plan, State& state) {
  std::vector<bool> is_cut(plan.outcomes.size());
  for (const Plan::Admitted& batch : plan.admitted) {
    const BatchOutcome& outcome = plan.outcomes[batch.outcome];
    const std::vector<Reply>& replies = outcome.replies;
    std::string bytes = encode_replies(replies);
    is_cut[batch.outcome] = bytes.size() > limits::kSessionReplyBytesMax;
    if (is_cut[batch.outcome]) bytes = encode_replies(statuses_of(replies));
    state.set_session(batch.client, {batch.sequence, is_cut[batch.outcome], outcome.batch, bytes}, plan.time);
  }
  for (const Plan::Copy& copy : plan.copies) {
    BatchOutcome& outcome = plan.outcomes[copy.outcome];
    const std::vector<Reply>& replies = plan.outcomes[copy.of].replies;
    if (is_cut[copy.of]) outcome.verdict = Verdict::duplicate_cut;
    outcome.replies = is_cut[copy.of] ? statuses_of(replies) : replies;
  }
}

}  // namespace myelin::consensus
