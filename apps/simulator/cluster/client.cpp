#include "cluster/client.hpp"

#include <algorithm>

namespace myelin::sim {

using consensus::Verdict;
using Kind = Request::Kind;

namespace {

/// Clients that go on under another name take numbers that no other has: there are fewer than these.
constexpr consensus::ClientId kNamesApart = 1'000;

}  // namespace

Client::Client(World& world, ClientHistory& history, Submit submit, consensus::ClientId id, bool patient, Random random)
    : world_{world},
      history_{history},
      submit_{std::move(submit)},
      id_{id},
      name_{fmt::format("client {}", id)},
      patient_{patient},
      random_{random} {}

void Client::start(std::vector<Request> requests, unsigned more) {
  requests_ = std::move(requests);
  std::ranges::reverse(requests_);
  more_ = more;
  think();
}

void Client::think() {
  if (is_done()) return;
  world_.schedule.after(random_.between(Duration{0}, world_.plan.clients.think_max), [this] { ask(); });
}

Request Client::choose() {
  const std::uint64_t number = random_.below(world_.plan.clients.keys);
  const auto key = [number](char object) { return fmt::format("{}{}", object, number); };
  const auto lease = [this](char object) {
    const Duration unit = world_.plan.calm.delay_max;
    return object == 't' ? kLongLease : random_.between(unit, unit * 40).count();
  };
  // Mostly it ends within the run; a put without an end takes away the end that was there.
  const auto lifetime = [&] { return random_.chance(0.8) ? lease('e') : 0; };
  switch (random_.below(19)) {
    case 0:
    case 1: return {.kind = Kind::put, .key = key('r'), .value = fmt::format("{}.{}", id_, ++values_)};
    case 2:
    case 3: return {.kind = Kind::get, .key = key('r')};
    case 4:
    case 5:
      return {.kind = Kind::cas,
              .key = key('r'),
              .other = last_seen_[key('r')],
              .value = fmt::format("{}.{}", id_, ++values_)};
    case 6: return {.kind = Kind::put_if_absent, .key = key('r'), .value = fmt::format("{}.{}", id_, ++values_)};
    case 7: return {.kind = Kind::erase, .key = key('r')};
    case 8: return {.kind = Kind::add, .key = key('c'), .number = static_cast<std::int64_t>(random_.below(9))};
    case 9: return {.kind = Kind::fetch_add, .key = key('c'), .number = 1};
    case 10: return {.kind = Kind::get, .key = key('c')};
    case 11:
    case 12: {
      const std::uint64_t keys = world_.plan.clients.keys + 1;
      const std::uint64_t from = random_.below(keys);
      const std::uint64_t to = (from + 1 + random_.below(keys - 1)) % keys;
      return {.kind = Kind::transfer,
              .key = fmt::format("a{}", from),
              .other = fmt::format("a{}", to),
              .number = 1 + static_cast<std::int64_t>(random_.below(60))};
    }
    case 13: return {.kind = Kind::read_accounts};
    case 14: return {.kind = Kind::read_ephemeral};
    case 15: {
      const std::string value = fmt::format("{}.{}", id_, ++values_);
      switch (random_.below(3)) {
        case 0: return {.kind = Kind::put, .key = key('e'), .value = value, .number = lifetime()};
        case 1: return {.kind = Kind::put_if_absent, .key = key('e'), .value = value, .number = lifetime()};
        default:
          return {
              .kind = Kind::cas, .key = key('e'), .other = last_seen_[key('e')], .value = value, .number = lifetime()};
      }
    }
    case 16: return {.kind = random_.chance(0.7) ? Kind::get : Kind::erase, .key = key('e')};
    default: {
      const char object = random_.chance(0.5) ? 't' : 's';
      if (!held_.empty() && random_.chance(0.6)) {
        const std::size_t at = random_.below(held_.size());
        const auto [task, token] = held_[at];
        const bool renews = random_.chance(0.3);
        if (!renews) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
        return {.kind = renews ? Kind::renew : Kind::release,
                .key = task,
                .number = renews ? lease(task.front()) : 0,
                .token = token};
      }
      return {.kind = Kind::claim, .key = key(object), .number = lease(object)};
    }
  }
}

void Client::ask() {
  if (is_done() || is_waiting_) return;
  if (!requests_.empty()) {
    request_ = std::move(requests_.back());
    requests_.pop_back();
  } else {
    --more_;
    request_ = choose();
  }
  ++sequence_;
  is_waiting_ = true;
  answers_.clear();
  tries_ = 0;
  world_.execution.asked({id_, sequence_}, request_);
  operation_ = history_.called(id_, request_, world_.schedule.now());
  world_.timeline.note(name_, "asks {}: {}", sequence_, to_string(request_));
  send();
}

void Client::send() {
  std::size_t validator = random_.below(world_.plan.validators);
  while (patient_ && world_.plan.is_byzantine(validator)) validator = (validator + 1) % world_.plan.validators;
  submit_(validator, encode(id_, sequence_, request_));
  if (patient_) return;
  // Whoever asks again and again at the same pace only adds to the load that made it wait.
  const Duration patience =
      random_.between(world_.plan.clients.patience / 2, world_.plan.clients.patience) * (1LL << std::min(tries_++, 6U));
  world_.schedule.after(patience, [this, id = id_, sequence = sequence_] {
    if (!is_waiting_ || id != id_ || sequence != sequence_) return;
    if (random_.chance(world_.plan.clients.gives_up)) {
      // The operation stays open; whether it ever takes effect, nobody will learn.
      world_.timeline.note(name_, "gives up on {}", sequence_);
      id_ += kNamesApart;
      name_ = fmt::format("client {}", id_);
      sequence_ = 0;
      held_.clear();
      is_waiting_ = false;
      return think();
    }
    ++world_.tally.retries;
    send();
  });
}

void Client::told(std::size_t validator, const consensus::BatchOutcome& outcome) {
  if (!is_waiting_ || outcome.client != id_ || outcome.sequence != sequence_ || outcome.replies.size() != 1) return;
  if (outcome.verdict != Verdict::executed && outcome.verdict != Verdict::duplicate) return;
  answers_[validator] = outcome.replies.front();
  const auto alike = static_cast<std::size_t>(
      std::ranges::count_if(answers_, [&](const auto& answer) { return answer.second == outcome.replies.front(); }));
  if (alike <= world_.plan.faults_max()) return;
  is_waiting_ = false;
  ++world_.tally.operations;
  history_.returned(operation_, outcome.replies.front(), world_.schedule.now());
  world_.timeline.note(name_, "is told {}: {}", sequence_, to_string(outcome.replies.front()));
  learn(outcome.replies.front());
  think();
}

void Client::learn(const consensus::Reply& reply) {
  if (request_.key.starts_with('r') || request_.key.starts_with('e')) {
    if (request_.kind == Kind::put) last_seen_[request_.key] = request_.value;
    if (reply.value.kind == consensus::ValueKind::bytes) last_seen_[request_.key] = reply.value.bytes;
  }
  if (request_.kind == Kind::claim && reply.status == consensus::Status::ok) {
    held_.emplace_back(request_.key, reply.value.token);
  }
}

}  // namespace myelin::sim
