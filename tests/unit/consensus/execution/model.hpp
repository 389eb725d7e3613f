/// The state as a map, and the transactions once more, written from the schema and sharing no code with the executors.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin::consensus::test {

class Model {
 public:
  Reply execute(const Transaction& t, std::uint64_t token, WallTime now) {
    Reply reply;
    const std::string key{t.key}, other{t.other}, value{t.value};
    const Value here = at(key, now);
    const auto is = [](const Value& v, ValueKind kind) { return v.kind == kind; };
    const bool is_lease = is(here, ValueKind::lease);
    switch (t.operation) {
      case Operation::malformed:
        reply.status = Status::malformed;
        reply.refusal = t.refusal;
        break;
      case Operation::put:
        if (is_lease) {
          reply.status = Status::wrong_type;
        } else {
          map_[key] = text(value, t.number == 0 ? 0 : now + t.number);
        }
        break;
      case Operation::get:
        reply.value = here;
        if (is(here, ValueKind::absent)) reply.status = Status::not_found;
        break;
      case Operation::cas:
        if (t.if_absent ? is(here, ValueKind::absent) : is(here, ValueKind::bytes) && here.bytes == other) {
          map_[key] = text(value, t.number == 0 ? 0 : now + t.number);
        } else {
          reply.status = Status::mismatch;
          reply.value = here;
        }
        break;
      case Operation::erase:
        if (is(here, ValueKind::absent)) {
          reply.status = Status::not_found;
        } else if (is_lease) {
          reply.status = Status::wrong_type;
        } else {
          map_.erase(key);
        }
        break;
      case Operation::add:
        if (is_lease || is(here, ValueKind::bytes)) {
          reply.status = Status::wrong_type;
        } else {
          map_[key] = number(static_cast<std::int64_t>(static_cast<std::uint64_t>(here.number) +
                                                       static_cast<std::uint64_t>(t.number)));
        }
        break;
      case Operation::transfer: transfer(t, here, at(other, now), reply); break;
      case Operation::claim:
        if (is_lease) {
          reply.status = Status::held;
          reply.value = here;
        } else if (!is(here, ValueKind::absent)) {
          reply.status = Status::wrong_type;
        } else {
          reply.value = map_[key] = Value{ValueKind::lease, 0, t.client, now + t.number, token, {}};
        }
        break;
      case Operation::renew:
      case Operation::release:
        if (!is_lease || here.holder != t.client || here.token != t.token) {
          reply.status = Status::not_holder;
        } else if (t.operation == Operation::release) {
          map_.erase(key);
        } else {
          map_[key].expires = now + t.number;
          reply.value = map_[key];
        }
        break;
      case Operation::range:
        for (const auto& [k, v] : map_) {
          if (k < key || (!other.empty() && k >= other) || reply.entries.size() == t.limit) continue;
          if (const Value seen = at(k, now); seen.kind != ValueKind::absent) reply.entries.push_back({k, seen});
        }
        break;
      case Operation::script: script(t, now, reply); break;
      case Operation::reconfigure: break;
    }
    return reply;
  }

  [[nodiscard]] Value at(const std::string& key, WallTime now) const {
    const auto found = map_.find(key);
    if (found == map_.end()) return {};
    if (found->second.expires != 0 && found->second.expires <= now) return {};
    return found->second;
  }
  /// After a commit: what ended first goes first, of one time in order of the keys.
  void take_ended(WallTime now, std::size_t keys_max) {
    for (; keys_max > 0; --keys_max) {
      auto first = map_.end();
      for (auto each = map_.begin(); each != map_.end(); ++each) {
        const WallTime end = each->second.expires;
        if (end != 0 && end <= now && (first == map_.end() || end < first->second.expires)) first = each;
      }
      if (first == map_.end()) return;
      map_.erase(first);
    }
  }
  [[nodiscard]] const std::map<std::string, Value>& map() const noexcept { return map_; }

 private:
  static Value text(std::string bytes, WallTime end = 0) { return {ValueKind::bytes, 0, 0, end, 0, std::move(bytes)}; }
  static Value number(std::int64_t n) { return {ValueKind::number, n, 0, 0, 0, {}}; }

  void transfer(const Transaction& t, const Value& from, const Value& to, Reply& reply) {
    const auto is_number_like = [](const Value& v) {
      return v.kind == ValueKind::number || v.kind == ValueKind::absent;
    };
    if (from.kind == ValueKind::absent) {
      reply.status = Status::insufficient;
    } else if (!is_number_like(from) || !is_number_like(to)) {
      reply.status = Status::wrong_type;
    } else if (from.number < t.number) {
      reply.status = Status::insufficient;
    } else if (t.key != t.other) {
      std::int64_t sum = 0;
      if (__builtin_add_overflow(to.number, t.number, &sum)) {
        reply.status = Status::overflow;
        return;
      }
      map_[std::string{t.key}] = number(from.number - t.number);
      map_[std::string{t.other}] = number(sum);
    }
  }

  static std::string digits_or_bytes(const Value& v) {
    return v.kind == ValueKind::number ? std::to_string(v.number) : v.bytes;
  }
  static bool holds(const Value& v) {
    return v.kind != ValueKind::absent && !(v.kind == ValueKind::number && v.number == 0);
  }

  /// Works on a copy, which takes the map's place at the end.
  void script(const Transaction& t, WallTime now, Reply& reply) {
    using enum ScriptStep::Operation;
    Model copy = *this;
    std::vector<Value> r(8);
    Value result_value;
    std::size_t stored = 0;
    const auto stop = [&reply](Status status) { reply.status = status; };
    for (std::size_t i = 0; i < t.steps.size() && reply.status == Status::ok; ++i) {
      const ScriptStep& s = t.steps[i];
      const auto is_lease = [&](std::uint8_t reg) { return reg < 8 && r[reg].kind == ValueKind::lease; };
      const auto key = [&]() -> std::optional<std::string> {
        std::string k{s.bytes};
        if (s.left != 255) {
          if (is_lease(s.left)) return stop(Status::wrong_type), std::nullopt;
          k += digits_or_bytes(r[s.left]);
        }
        if (k.empty() || k.size() > 256) return stop(Status::too_large), std::nullopt;
        bool is_named = t.keys.empty();
        for (const std::string_view named : t.keys) is_named = is_named || named == k;
        if (!is_named) return stop(Status::undeclared_key), std::nullopt;
        return k;
      };
      switch (s.operation) {
        case number: r[s.target] = Model::number(s.number); break;
        case bytes: r[s.target] = text(std::string{s.bytes}); break;
        case load:
          if (const auto k = key()) {
            r[s.target] = copy.at(*k, now);
            if (r[s.target].kind == ValueKind::bytes) r[s.target].expires = 0;
          }
          break;
        case store:
          if (const auto k = key()) {
            if (is_lease(s.right) || copy.at(*k, now).kind == ValueKind::lease) {
              stop(Status::wrong_type);
            } else {
              stored += k->size() + r[s.right].bytes.size();
              if (stored > 65536 + 256) stop(Status::too_large);
              copy.map_.erase(*k);
              if (r[s.right].kind != ValueKind::absent) copy.map_[*k] = r[s.right];
            }
          }
          break;
        case add:
        case subtract:
        case multiply:
        case less: {
          const Value &a = r[s.left], &b = r[s.right];
          if (is_lease(s.left) || is_lease(s.right) || a.kind == ValueKind::bytes || b.kind == ValueKind::bytes) {
            stop(Status::wrong_type);
            break;
          }
          const auto x = static_cast<std::uint64_t>(a.number), y = static_cast<std::uint64_t>(b.number);
          const std::uint64_t n = s.operation == add ? x + y : s.operation == subtract ? x - y : x * y;
          r[s.target] =
              s.operation == less ? Model::number(a.number < b.number) : Model::number(static_cast<std::int64_t>(n));
          break;
        }
        case equal: r[s.target] = Model::number(r[s.left] == r[s.right]); break;
        case concat:
          if (is_lease(s.left) || is_lease(s.right)) {
            stop(Status::wrong_type);
          } else if (const std::string joined = digits_or_bytes(r[s.left]) + digits_or_bytes(r[s.right]);
                     joined.size() > 65536) {
            stop(Status::too_large);
          } else {
            r[s.target] = text(joined);
          }
          break;
        case digest:
          if (is_lease(s.left)) {
            stop(Status::wrong_type);
          } else {
            std::string bytes_now = digits_or_bytes(r[s.left]);
            for (std::int64_t n = 0; n < s.number; ++n) {
              const Digest d = Hasher{Domain::script}.add(bytes_now).finish();
              bytes_now.assign(reinterpret_cast<const char*>(d.bytes.data()), d.bytes.size());
            }
            r[s.target] = text(bytes_now);
          }
          break;
        case skip_unless:
          if (!holds(r[s.left])) i += static_cast<std::size_t>(s.number);
          break;
        case require:
          if (!holds(r[s.left])) stop(Status::condition_failed);
          break;
        case result: result_value = r[s.left]; break;
        case none: break;
      }
    }
    if (reply.status != Status::ok) return;
    reply.value = result_value;
    map_ = std::move(copy.map_);
  }

  std::map<std::string, Value> map_;
};

}  // namespace myelin::consensus::test
