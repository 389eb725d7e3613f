#include "checkers/state_model.hpp"

#include "checkers/violation.hpp"

namespace myelin::sim {

using consensus::Reply;
using consensus::Status;
using consensus::Value;
using consensus::ValueKind;
using Kind = Request::Kind;

namespace {

Reply answer_of(Status status, Value value = {}) {
  Reply reply;
  reply.status = status;
  reply.value = std::move(value);
  return reply;
}

}  // namespace

std::int64_t StateModel::number(const std::string& key) const {
  const auto found = cells_.find(key);
  return found == cells_.end() ? 0 : std::get<std::int64_t>(found->second);
}

Value StateModel::read(const std::string& key) const {
  const auto found = cells_.find(key);
  if (found == cells_.end()) return {};
  Value value;
  if (const auto* const text = std::get_if<Text>(&found->second)) {
    value.kind = ValueKind::bytes;
    value.bytes = text->bytes;
    value.expires = text->expires;
  } else if (const auto* const held = std::get_if<std::int64_t>(&found->second)) {
    value.kind = ValueKind::number;
    value.number = *held;
  } else {
    const Lease& lease = std::get<Lease>(found->second);
    value.kind = ValueKind::lease;
    value.holder = lease.holder;
    value.expires = lease.expires;
    value.token = lease.token;
  }
  return value;
}

std::vector<std::string> StateModel::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, cell] : cells_) keys.push_back(key);
  return keys;
}

Reply StateModel::claim(consensus::ClientId client, const Request& request, consensus::WallTime time,
                        const Reply& answer) {
  const auto found = cells_.find(request.key);
  if (found != cells_.end()) {
    if (answer.status == Status::ok) {
      violate("a task has one claimant", "client {} was given {}, which client {} holds until {}", client, request.key,
              std::get<Lease>(found->second).holder, std::get<Lease>(found->second).expires);
    }
    return answer_of(Status::held, read(request.key));
  }
  // How tokens are chosen is the subject's business, but that they grow.
  if (answer.value.token <= last_token_) {
    violate("a task has one claimant", "token {} of {} is not above {}", answer.value.token, request.key, last_token_);
  }
  last_token_ = answer.value.token;
  cells_[request.key] = Lease{client, time + request.number, last_token_};
  return answer_of(Status::ok, read(request.key));
}

Reply StateModel::expect(consensus::ClientId client, const Request& request, consensus::WallTime time,
                         const Reply& answer) {
  const auto cell = cells_.find(request.key);
  const bool is_absent = cell == cells_.end();
  const Text text{request.value, request.number == 0 ? 0 : time + request.number};
  switch (request.kind) {
    case Kind::put: cells_[request.key] = text; return {};
    case Kind::get: return answer_of(is_absent ? Status::not_found : Status::ok, read(request.key));
    case Kind::cas:
      if (is_absent || std::get<Text>(cell->second).bytes != request.other) {
        return answer_of(Status::mismatch, read(request.key));
      }
      cell->second = text;
      return {};
    case Kind::put_if_absent:
      if (!is_absent) return answer_of(Status::mismatch, read(request.key));
      cells_[request.key] = text;
      return {};
    case Kind::erase:
      if (is_absent) return answer_of(Status::not_found);
      cells_.erase(cell);
      return {};
    case Kind::add:
      cells_[request.key] = number(request.key) + request.number;
      if (request.key.starts_with('a')) deposited_ += request.number;
      return {};
    case Kind::fetch_add:
      cells_[request.key] = number(request.key) + request.number;
      return answer_of(Status::ok, read(request.key));
    case Kind::transfer:
      if (number(request.key) < request.number) return answer_of(Status::insufficient);
      cells_[request.key] = number(request.key) - request.number;
      cells_[request.other] = number(request.other) + request.number;
      check_balances();
      return {};
    case Kind::claim: return claim(client, request, time, answer);
    case Kind::renew:
    case Kind::release: {
      if (is_absent) return answer_of(Status::not_holder);
      Lease& lease = std::get<Lease>(cell->second);
      if (lease.holder != client || lease.token != request.token) return answer_of(Status::not_holder);
      if (request.kind == Kind::release) {
        cells_.erase(cell);
        return {};
      }
      lease.expires = time + request.number;
      return answer_of(Status::ok, read(request.key));
    }
    case Kind::read_accounts: return range("a", "b");
    case Kind::read_ephemeral: return range("e", "f");
    case Kind::reconfigure:
      if (request.epoch != epoch_) return answer_of(Status::wrong_epoch);
      if (is_ending_) return answer_of(Status::epoch_ending);
      if (!request.is_approved) return answer_of(Status::not_approved);
      is_ending_ = true;
      return {};
  }
  return {};
}

Reply StateModel::range(const std::string& first, const std::string& end) const {
  Reply reply;
  for (auto at = cells_.lower_bound(first); at != cells_.end() && at->first < end; ++at) {
    reply.entries.push_back({at->first, read(at->first)});
  }
  return reply;
}

void StateModel::end_what_is_over(consensus::WallTime time) {
  std::erase_if(cells_, [time](const auto& each) {
    const Text* const text = std::get_if<Text>(&each.second);
    const Lease* const lease = std::get_if<Lease>(&each.second);
    return (text != nullptr && text->expires != 0 && text->expires <= time) ||
           (lease != nullptr && lease->expires <= time);
  });
}

void StateModel::execute(consensus::ClientId client, const Request& request, consensus::WallTime time,
                         const Reply& answer) {
  end_what_is_over(time);
  const Reply expected = expect(client, request, time, answer);
  if (expected != answer) {
    violate("answers are what the state says", "client {} asked to {} and was told '{}', not '{}'", client,
            to_string(request), to_string(answer), to_string(expected));
  }
}

void StateModel::end_commit(consensus::WallTime time) {
  end_what_is_over(time);
  if (is_ending_) ++epoch_;
  is_ending_ = false;
}

void StateModel::check_balances() const {
  std::int64_t sum = 0;
  for (auto at = cells_.lower_bound("a"); at != cells_.end() && at->first < "b"; ++at) {
    sum += std::get<std::int64_t>(at->second);
  }
  if (sum != deposited_) violate("balances are conserved", "accounts hold {} of {}", sum, deposited_);
}

}  // namespace myelin::sim
