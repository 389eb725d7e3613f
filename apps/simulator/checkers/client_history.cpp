#include "checkers/client_history.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/chrono.h>

#include "checkers/violation.hpp"

namespace myelin::sim {

using consensus::Status;
using Kind = Request::Kind;
using Operation = ClientHistory::Operation;

namespace {

/// Which object an operation is on; empty for none that has a sequential meaning from outside.
std::string object_of(const Request& request) {
  if (request.kind == Kind::reconfigure) return {};
  if (request.kind == Kind::read_accounts || request.key.starts_with('a')) return "accounts";
  // What ends, ends at a commit's time, which clients do not see.
  if (request.kind == Kind::read_ephemeral || request.key.starts_with('s') || request.key.starts_with('e')) return {};
  return request.key;
}

std::int64_t to_number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// A register's state: empty for absent, or '=' and the value. A counter's: the same with its number. A task's: the
/// same with the holder and the token.
class Cell {
 public:
  explicit Cell(std::string& state) : state_{state} {}
  [[nodiscard]] bool is_absent() const { return state_.empty(); }
  [[nodiscard]] std::string_view value() const { return std::string_view{state_}.substr(1); }
  [[nodiscard]] std::int64_t number() const { return is_absent() ? 0 : to_number(value()); }
  void set(std::string_view value) {
    state_ = '=';
    state_ += value;
  }
  void clear() { state_.clear(); }

 private:
  std::string& state_;
};

/// The accounts' state: "name=balance;" each, by name.
class Accounts {
 public:
  explicit Accounts(std::string& state) : state_{state} {
    for (std::size_t at = 0; at < state.size();) {
      const std::size_t equals = state.find('=', at);
      const std::size_t end = state.find(';', equals);
      balances_[state.substr(at, equals - at)] =
          to_number(std::string_view{state}.substr(equals + 1, end - equals - 1));
      at = end + 1;
    }
  }
  [[nodiscard]] std::map<std::string, std::int64_t>& balances() { return balances_; }
  void store() {
    state_.clear();
    for (const auto& [name, balance] : balances_) state_ += fmt::format("{}={};", name, balance);
  }

 private:
  std::string& state_;
  std::map<std::string, std::int64_t> balances_;
};

bool answers_number(const consensus::Reply& reply, std::int64_t number) {
  return reply.status == Status::ok && reply.value.kind == consensus::ValueKind::number && reply.value.number == number;
}

/// `told`: what the client was told; null where it never was.
bool apply_to_accounts(std::string& state, const Request& request, const consensus::Reply* told) {
  Accounts accounts{state};
  auto& balances = accounts.balances();
  switch (request.kind) {
    case Kind::add:
      balances[request.key] += request.number;
      accounts.store();
      return told == nullptr || told->status == Status::ok;
    case Kind::transfer: {
      const auto from = balances.find(request.key);
      const bool can = from != balances.end() && from->second >= request.number;
      if (can) {
        from->second -= request.number;
        balances[request.other] += request.number;
        accounts.store();
      }
      return told == nullptr || told->status == (can ? Status::ok : Status::insufficient);
    }
    case Kind::get: {
      const auto found = balances.find(request.key);
      if (told == nullptr) return true;
      return found == balances.end() ? told->status == Status::not_found : answers_number(*told, found->second);
    }
    case Kind::read_accounts:
      if (told == nullptr) return true;
      return told->entries.size() == balances.size() &&
             std::ranges::all_of(told->entries, [&](const consensus::KeyValue& entry) {
               const auto found = balances.find(entry.key);
               return found != balances.end() && found->second == entry.value.number;
             });
    default: return false;
  }
}

bool apply_to_cell(std::string& state, const Operation& operation, const consensus::Reply* told) {
  const Request& request = operation.request;
  Cell cell{state};
  const auto is_told = [told](Status status) { return told == nullptr || told->status == status; };
  switch (request.kind) {
    case Kind::put: cell.set(request.value); return is_told(Status::ok);
    case Kind::get:
      if (cell.is_absent()) return is_told(Status::not_found);
      if (told == nullptr) return true;
      if (request.key.starts_with('c')) return answers_number(*told, cell.number());
      return told->status == Status::ok && told->value.bytes == cell.value();
    case Kind::cas:
    case Kind::put_if_absent: {
      const bool fits =
          request.kind == Kind::put_if_absent ? cell.is_absent() : !cell.is_absent() && cell.value() == request.other;
      if (fits) {
        cell.set(request.value);
        return is_told(Status::ok);
      }
      if (told == nullptr) return true;
      if (told->status != Status::mismatch) return false;
      if (cell.is_absent()) return told->value.kind == consensus::ValueKind::absent;
      return told->value.kind == consensus::ValueKind::bytes && told->value.bytes == cell.value();
    }
    case Kind::erase:
      if (cell.is_absent()) return is_told(Status::not_found);
      cell.clear();
      return is_told(Status::ok);
    case Kind::add:
    case Kind::fetch_add: {
      const std::int64_t sum = cell.number() + request.number;
      cell.set(fmt::format("{}", sum));
      return told == nullptr || (request.kind == Kind::add ? told->status == Status::ok : answers_number(*told, sum));
    }
    case Kind::claim: {
      if (!cell.is_absent()) return is_told(Status::held);
      // Of a claim that never returned only the token is unknown, and nobody can name it.
      cell.set(fmt::format("{} {}", operation.client, told == nullptr ? 0 : told->value.token));
      return is_told(Status::ok);
    }
    case Kind::renew:
    case Kind::release: {
      const bool holds = !cell.is_absent() && cell.value() == fmt::format("{} {}", operation.client, request.token);
      if (!holds) return is_told(Status::not_holder);
      if (request.kind == Kind::release) cell.clear();
      return is_told(Status::ok);
    }
    default: return false;
  }
}

}  // namespace

std::size_t ClientHistory::called(consensus::ClientId client, const Request& request, Duration now) {
  operations_.push_back({client, request, {now, std::nullopt}, {}});
  ++open_;
  return operations_.size() - 1;
}

void ClientHistory::returned(std::size_t operation, const consensus::Reply& reply, Duration now) {
  operations_[operation].interval.returned = now;
  operations_[operation].reply = reply;
  --open_;
}

std::size_t ClientHistory::check() const {
  std::map<std::string, std::vector<const Operation*>> objects;
  for (const Operation& operation : operations_) {
    std::string object = object_of(operation.request);
    if (!object.empty()) objects[std::move(object)].push_back(&operation);
  }
  std::size_t unknown = 0;
  for (const auto& [name, operations] : objects) {
    std::vector<Interval> intervals;
    for (const Operation* operation : operations) intervals.push_back(operation->interval);
    const bool is_accounts = name == "accounts";
    const auto apply = [&operations, is_accounts](std::string& state, std::size_t i) {
      const Operation& operation = *operations[i];
      const consensus::Reply* const told = operation.interval.returned ? &operation.reply : nullptr;
      return is_accounts ? apply_to_accounts(state, operation.request, told) : apply_to_cell(state, operation, told);
    };
    switch (check_linearizable(intervals, {}, apply)) {
      case Linearizable::yes: break;
      case Linearizable::unknown: ++unknown; break;
      case Linearizable::no: {
        std::string text;
        for (const Operation* operation : operations) {
          text += fmt::format("\n  client {} {} .. {}: {}: {}", operation->client, operation->interval.called,
                              operation->interval.returned ? fmt::format("{}", *operation->interval.returned) : "never",
                              to_string(operation->request),
                              operation->interval.returned ? to_string(operation->reply) : "?");
        }
        violate("client histories are linearizable", "the {} operations on {} fit no order{}", operations.size(), name,
                text);
      }
    }
  }
  return unknown;
}

}  // namespace myelin::sim
