#include "commands/memory_change.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>

#include "memory/pairs.hpp"

namespace myelin::tool {

namespace {

/// With --json, what was done; else nothing, for it was done.
void say(const Session& session, const std::string& command, const std::string& key, nlohmann::json more) {
  if (!session.json) return;
  more["command"] = command;
  add_bytes(more, "key", key);
  session.print_json(more);
}

double seconds_of(consensus::WallTime time) {
  return std::chrono::duration<double>(std::chrono::nanoseconds{time}).count();
}

/// What the system's clock says: where a validator takes its time from, which leases are measured by.
double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

void MemoryCas::declare_own(CLI::App& app) {
  app.add_option("key", key_, "What to set")->required()->type_name("KEY");
  app.add_option("expected", expected_, "What it must hold")->required()->type_name("EXPECTED");
  app.add_option("desired", desired_, "What it is to hold then")->required()->type_name("DESIRED");
  declare_time_to_live(app);
  app.footer(
      "The exit status is 1 where it holds something else, which is said; 'put --if-absent' is for keys that hold\n"
      "nothing.\n\n"
      "Examples:\n"
      "  myelin memory cas colour blue green");
}

Result<void> MemoryCas::prepare(Session& /*session*/) {
  if (const auto good = check_key(key_); !good) return good;
  if (const auto good = check_value("EXPECTED", expected_); !good) return good;
  return check_value("DESIRED", desired_);
}

Result<void> MemoryCas::run_on(const Opened& opened) {
  const auto outcome = opened.ask(opened.space.cas(key_, expected_, desired_, put_options()));
  if (!outcome) return tl::unexpected{outcome.error()};
  if (!outcome->is_swapped) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' was not set: it holds {}", key_,
                            outcome->found ? fmt::format("'{}'", to_line(*outcome->found)) : std::string{"nothing"}));
  }
  say(opened.session, path(), opened.space.prefix() + key_, {{"swapped", true}});
  return {};
}

void MemoryDel::declare_own(CLI::App& app) {
  app.add_option("key", key_, "What to empty")->required()->type_name("KEY");
  app.footer(
      "The exit status is 1 where it held nothing.\n\n"
      "Examples:\n"
      "  myelin memory del colour");
}

Result<void> MemoryDel::prepare(Session& /*session*/) { return check_key(key_); }

Result<void> MemoryDel::run_on(const Opened& opened) {
  const auto erased = opened.ask(opened.space.erase(key_));
  if (!erased) return tl::unexpected{erased.error()};
  if (!*erased) {
    return fail(Errc::not_found, fmt::format("'{}{}' holds nothing in '{}'", opened.space.prefix(), key_, directory()));
  }
  say(opened.session, path(), opened.space.prefix() + key_, {{"erased", true}});
  return {};
}

void MemoryAdd::declare_own(CLI::App& app) {
  app.add_option("key", key_, "A number; nothing counts as 0")->required()->type_name("KEY");
  app.add_option("delta", delta_, "What to add; may be negative")->required()->type_name("DELTA");
  app.footer(
      "Examples:\n"
      "  myelin memory add visits 1\n"
      "  myelin memory add stock -- -3");
}

Result<void> MemoryAdd::prepare(Session& /*session*/) { return check_key(key_); }

Result<void> MemoryAdd::run_on(const Opened& opened) {
  // Together, so that nothing comes between.
  const std::string key = opened.space.prefix() + key_;
  const std::array operations{consensus::Transaction::add(key, delta_), consensus::Transaction::get(key)};
  const auto outcomes = opened.ask(opened.space.execute(operations));
  if (!outcomes) return tl::unexpected{outcomes.error()};
  const consensus::Status status = outcomes->front().status;
  if (status == consensus::Status::wrong_type) {
    return fail(Errc::wrong_value_kind, fmt::format("'{}' holds no number; delete it first", key));
  }
  if (status != consensus::Status::ok || !outcomes->back().value) {
    return fail(Errc::invalid_argument, fmt::format("'{}' was not changed: {}", key, consensus::to_string(status)));
  }
  const std::int64_t number = outcomes->back().value->number();
  if (opened.session.json) {
    say(opened.session, path(), key, {{"value", number}});
  } else {
    opened.session.print_text(fmt::format("{}\n", number));
  }
  return {};
}

void MemoryTransfer::declare_own(CLI::App& app) {
  app.add_option("from", from_, "The number that gets less")->required()->type_name("FROM");
  app.add_option("to", to_, "The number that gets more")->required()->type_name("TO");
  app.add_option("amount", amount_, "How much, 1 or more")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()).description(""))
      ->type_name("AMOUNT");
  app.footer(
      "The exit status is 1 where there is less, and nothing is moved.\n\n"
      "Examples:\n"
      "  myelin memory transfer alice bob 30");
}

Result<void> MemoryTransfer::prepare(Session& /*session*/) {
  if (const auto good = check_key(from_); !good) return good;
  return check_key(to_);
}

Result<void> MemoryTransfer::run_on(const Opened& opened) {
  const auto done = opened.ask(opened.space.transfer(from_, to_, amount_));
  if (!done) {
    return fail(done.error().code,
                fmt::format("{} was not moved from '{}' to '{}': {}", amount_, from_, to_, done.error().message));
  }
  say(opened.session, path(), opened.space.prefix() + from_,
      {{"to", escape(opened.space.prefix() + to_)}, {"amount", amount_}});
  return {};
}

void MemoryClaim::declare_own(CLI::App& app) {
  constexpr double kSecondsMin = 0.001;
  constexpr double kDay = 86'400;
  app.add_option("key", key_, "What to take")->required()->type_name("KEY");
  app.add_option("--for", lease_seconds_, "How long, in seconds, up to a day")
      ->check(CLI::Range(kSecondsMin, kDay).description(""))
      ->type_name("S")
      ->capture_default_str();
  app.footer(
      "Of several that claim a key one gets it; the others get exit status 1. The lease ends by itself, and 'memory "
      "del'\n"
      "does not end it: only the session that holds it could, which this command's does not outlive.\n\n"
      "Examples:\n"
      "  myelin memory claim nightly --for 3600 && ./nightly");
}

Result<void> MemoryClaim::prepare(Session& /*session*/) { return check_key(key_); }

Result<void> MemoryClaim::run_on(const Opened& opened) {
  const auto duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>{lease_seconds_});
  const auto outcome = opened.ask(opened.space.claim(key_, duration));
  if (!outcome) return tl::unexpected{outcome.error()};
  if (!outcome->is_granted) {
    return fail(Errc::lease_held, fmt::format("'{}' is taken for another {:.3f} s", key_,
                                              std::max(0.0, seconds_of(outcome->expires) - seconds_now())));
  }
  say(opened.session, path(), opened.space.prefix() + key_,
      {{"token", outcome->token}, {"expires_ns", outcome->expires}});
  return {};
}

}  // namespace myelin::tool
