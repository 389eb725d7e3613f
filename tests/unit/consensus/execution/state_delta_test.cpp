// What changed, taken from time to time: put together, it is the state, whatever was executed and however.
#include <map>
#include <memory>
#include <random>
#include <string>

#include "harness.hpp"
#include "random_transactions.hpp"

using namespace myelin;
using namespace myelin::consensus;
using test::Bytes;
using test::Machine;
using test::Mix;
using test::Random;
using test::RandomTransactions;
using T = Transaction;

namespace {

/// What a key holds, with bytes of its own.
struct Kept {
  Cell cell;
  std::string bytes;
};

/// Keeps a state by what changed.
class Model final : public StateSource {
 public:
  void take(const StateDelta& delta) {
    if (delta.replaces_all) {
      cells.clear();
      sessions.clear();
    } else {
      BOOST_TEST(delta.since == fields.applied);
    }
    fields = delta.fields;
    take(delta.cells, cells);
    take(delta.sessions, sessions);
    rewind();
  }
  void rewind() {
    next_cell_ = cells.begin();
    next_session_ = sessions.begin();
  }

  Result<bool> next_cell(std::string_view& key, Cell& cell) override { return next(cells, next_cell_, key, cell); }
  Result<bool> next_session(std::string_view& key, Cell& cell) override {
    return next(sessions, next_session_, key, cell);
  }

  using Table = std::map<std::string, Kept>;
  StateFields fields;
  Table cells, sessions;

 private:
  static void take(const std::vector<StateDelta::Change>& changes, Table& table) {
    std::map<std::string_view, int> times;
    for (const StateDelta::Change& change : changes) {
      BOOST_REQUIRE(++times[change.key] == 1);
      if (change.cell.kind == ValueKind::absent) {
        table.erase(std::string{change.key});
      } else {
        Kept& kept = table[std::string{change.key}];
        kept = {change.cell, std::string{change.cell.bytes}};
      }
    }
  }
  static bool next(const Table& table, Table::iterator& at, std::string_view& key, Cell& cell) {
    if (at == table.end()) return false;
    key = at->first;
    cell = at->second.cell;
    cell.bytes = at->second.bytes;
    ++at;
    return true;
  }

  Table::iterator next_cell_ = cells.begin(), next_session_ = sessions.begin();
};

/// Whether a machine that is given what the model holds is the same as `machine`.
void check_same(Model& model, Machine& machine) {
  Machine loaded{{.executor = Executor::sequential, .hash_seed = 5, .tracks_unsaved = true}};
  model.rewind();
  const auto done = loaded->load(model.fields, model);
  BOOST_REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().message));
  BOOST_TEST((loaded->state() == machine->state()));
  BOOST_TEST((loaded->snapshot() == machine->snapshot()));
  // Nothing is to be saved that was just loaded.
  const StateDelta none = loaded->take_changes();
  BOOST_TEST(!none.replaces_all);
  BOOST_TEST(none.since == machine->applied());
  BOOST_TEST(none.cells.size() + none.sessions.size() == 0U);
}

std::vector<Bytes> random_batches(RandomTransactions& source, Sequence& sequence) {
  std::vector<Bytes> batches;
  for (std::uint64_t b = 1 + source.random().below(3); b > 0; --b) {
    std::vector<Transaction> transactions;
    for (std::uint64_t n = source.random().below(20); n > 0; --n) transactions.push_back(source.next());
    batches.push_back(write_batch(source.client(), ++sequence, transactions));
  }
  source.clear();
  return batches;
}

ExecutionOptions tracking(Executor executor = Executor::sequential, Workers* workers = nullptr) {
  return {.executor = executor, .workers = workers, .tracks_unsaved = true, .tracks_recent = true};
}

std::vector<std::string> keys_of(const std::vector<StateDelta::Change>& changes) {
  std::vector<std::string> keys;
  for (const StateDelta::Change& change : changes) keys.emplace_back(change.key);
  return keys;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state_delta)

BOOST_AUTO_TEST_CASE(changes_taken_now_and_then_make_the_state) {
  ThreadWorkers workers{2};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Executor executor = std::array{Executor::sequential, Executor::scheduled, Executor::block_stm}[seed % 3];
    Machine machine{tracking(executor, &workers)};
    Model model;
    Sequence sequence = 0;
    RandomTransactions source{seed, {.keys = seed % 2 == 0 ? 10U : 300U, .clients = 8}};
    for (int commit = 0; commit < 40; ++commit) {
      const std::vector<Bytes> batches = random_batches(source, sequence);
      if (source.random().one_in(3)) machine->predict(machine.next(batches), nullptr);
      machine.commit(batches);
      if (source.random().one_in(3)) static_cast<void>(machine->state());  // Forgets what was deleted.
      if (source.random().one_in(4)) model.take(machine->take_changes());
    }
    model.take(machine->take_changes());
    BOOST_TEST_CONTEXT("seed " << seed) { check_same(model, machine); }
  }
}

BOOST_AUTO_TEST_CASE(a_key_that_came_and_went_is_told_as_deleted) {
  Machine machine{tracking()};
  machine.run({T::put("stays", "1"), T::put("goes", "2")});
  static_cast<void>(machine->take_changes());
  machine.run({T::erase("goes"), T::put("comes", "3"), T::put("passes", "4")});
  static_cast<void>(machine->state());
  machine.run(T::erase("passes"));
  static_cast<void>(machine->state());
  machine.run(T::put("goes", "again"));
  machine.run(T::erase("goes"));
  const StateDelta delta = machine->take_changes();
  std::map<std::string, ValueKind> kinds;
  for (const auto& change : delta.cells) kinds[std::string{change.key}] = change.cell.kind;
  BOOST_TEST(kinds.size() == delta.cells.size());
  BOOST_TEST(kinds.size() == 3U);
  BOOST_TEST((kinds.at("goes") == ValueKind::absent));
  BOOST_TEST((kinds.at("comes") == ValueKind::bytes));
  BOOST_TEST((kinds.at("passes") == ValueKind::absent));
}

BOOST_AUTO_TEST_CASE(only_what_changed_is_copied) {
  Machine machine{tracking()};
  std::vector<std::string> keys(1000);
  std::vector<Transaction> puts;
  for (std::size_t i = 0; i < keys.size(); ++i) puts.push_back(T::put(keys[i] = "key" + std::to_string(i), "value"));
  machine.run(puts);
  BOOST_TEST(machine->take_changes().cells.size() == keys.size());
  machine.run(T::put("key7", "other"));
  const StateDelta delta = machine->take_changes();
  BOOST_REQUIRE(delta.cells.size() == 1U);
  BOOST_TEST(delta.cells[0].key == "key7");
  BOOST_TEST(delta.cells[0].cell.bytes == "other");
  BOOST_TEST(delta.sessions.size() == 1U);
  BOOST_TEST(machine->take_changes().cells.empty());
}

BOOST_AUTO_TEST_CASE(a_delta_owns_what_it_tells) {
  StateDelta delta;
  {
    Machine machine{tracking()};
    machine.run(T::put("key", "value"));
    StateDelta taken = machine->take_changes();
    machine.run(T::erase("key"));
    static_cast<void>(machine->state());
    delta = std::move(taken);
  }
  BOOST_TEST(delta.cells.at(0).key == "key");
  BOOST_TEST(delta.cells.at(0).cell.bytes == "value");
}

BOOST_AUTO_TEST_CASE(after_a_restore_all_is_replaced) {
  Machine other, machine{tracking()};
  Model model;
  other.run({T::put("a", "1"), T::put("b", "2")});
  machine.run(T::put("gone", "0"));
  model.take(machine->take_changes());
  BOOST_REQUIRE(machine->restore(other->snapshot(), other->state()).has_value());
  const StateDelta all = machine->take_changes();
  BOOST_TEST(all.replaces_all);
  model.take(all);
  check_same(model, machine);
  machine.set_time(other.time());
  machine.run(7, T::erase("a"));
  const StateDelta next = machine->take_changes();
  BOOST_TEST(!next.replaces_all);
  BOOST_TEST((keys_of(next.cells) == std::vector<std::string>{"a"}));
  model.take(next);
  check_same(model, machine);
}

BOOST_AUTO_TEST_CASE(without_tracking_all_is_given_each_time) {
  Machine machine;
  machine.run({T::put("a", "1"), T::put("b", "2")});
  for (int i = 0; i < 2; ++i) {
    const StateDelta all = machine->take_changes();
    BOOST_TEST(all.replaces_all);
    BOOST_TEST(all.cells.size() == 2U);
  }
  BOOST_TEST(!machine->take_recent().has_value());
}

BOOST_AUTO_TEST_CASE(epochs_go_along) {
  Machine machine{tracking()};
  Model model;
  const std::vector<PublicKey> keys(1);
  const auto approvals = test::approvals(0, keys);
  machine.run(T::reconfigure(0, keys, approvals));
  model.take(machine->take_changes());
  BOOST_TEST((model.fields.next_validators == keys));
  check_same(model, machine);
  BOOST_REQUIRE(machine->begin_epoch().has_value());
  model.take(machine->take_changes());
  BOOST_TEST(model.fields.epoch == 1U);
  check_same(model, machine);
}

BOOST_AUTO_TEST_CASE(a_stored_state_that_differs_in_anything_is_refused) {
  Machine machine{tracking()};
  machine.run(3, {T::put("a", "1"), T::add("n", 2), T::claim("l", 1000)});
  Model model;
  model.take(machine->take_changes());
  Machine copy{tracking()};
  copy.run(T::put("mine", "1"));
  const IndexedDigest before = copy->state();
  const auto is_refused = [&](auto change) {
    Model changed;
    changed.cells = model.cells;
    changed.sessions = model.sessions;
    changed.fields = model.fields;
    change(changed);
    changed.rewind();
    const auto loaded = copy->load(changed.fields, changed);
    return !loaded && loaded.error().code == Errc::corrupt_file && copy->state() == before;
  };
  BOOST_TEST(is_refused([](Model& m) { m.cells.at("a").bytes = "2"; }));
  BOOST_TEST(is_refused([](Model& m) { m.cells.at("a").cell.holder = 1; }));
  BOOST_TEST(is_refused([](Model& m) { m.cells.at("a").bytes.resize(limits::kValueBytesMax + 1); }));
  BOOST_TEST(is_refused([](Model& m) { m.cells.at("n").cell.number = 3; }));
  BOOST_TEST(is_refused([](Model& m) { m.cells.at("n").cell.kind = ValueKind::absent; }));
  BOOST_TEST(is_refused([](Model& m) { m.cells.at("l").cell.expires += 1; }));
  BOOST_TEST(is_refused([](Model& m) { m.cells.at("l").cell.expires = 0; }));
  BOOST_TEST(is_refused([](Model& m) { m.cells.at("a").cell.expires = 1; }));
  BOOST_TEST(is_refused([](Model& m) { m.cells.at("n").cell.expires = 1; }));
  BOOST_TEST(is_refused([](Model& m) { m.cells.erase("a"); }));
  BOOST_TEST(is_refused([](Model& m) { m.cells["b"] = m.cells.at("a"); }));
  BOOST_TEST(is_refused([](Model& m) { m.cells[""] = m.cells.at("a"); }));
  BOOST_TEST(is_refused([](Model& m) { m.cells[std::string(limits::kKeyBytesMax + 1, 'k')] = m.cells.at("a"); }));
  BOOST_TEST(is_refused([](Model& m) { m.sessions.clear(); }));
  BOOST_TEST(is_refused([](Model& m) { m.sessions["x"] = m.sessions.begin()->second; }));
  BOOST_TEST(is_refused([](Model& m) { m.sessions.begin()->second.bytes[0] = 9; }));
  BOOST_TEST(is_refused([](Model& m) { m.fields.time += 1; }));
  BOOST_TEST(is_refused([](Model& m) { m.fields.epoch += 1; }));
  BOOST_TEST(is_refused([](Model& m) { m.fields.next_validators.emplace_back(); }));
  BOOST_TEST(is_refused([](Model& m) { m.fields.root.bytes[0] ^= 1; }));
  BOOST_TEST(copy->load(model.fields, model).has_value());
}

BOOST_AUTO_TEST_CASE(recent_keys_are_those_that_commits_changed_whatever_the_executor) {
  ThreadWorkers workers{2};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Executor executor = std::array{Executor::sequential, Executor::scheduled, Executor::block_stm}[seed % 3];
    Machine machine{tracking(executor, &workers)}, watched{{.tracks_unsaved = true}};
    Machine plain{tracking(Executor::sequential, nullptr)};
    Sequence sequence = 0;
    RandomTransactions source{seed, {.keys = 10, .clients = 8}};
    for (int commit = 0; commit < 40; ++commit) {
      const std::vector<Bytes> batches = random_batches(source, sequence);
      machine.commit(batches);
      watched.commit(batches);
      plain.commit(batches);
      if (source.random().one_in(3)) static_cast<void>(machine->state());
      const auto changes = machine->take_recent();
      BOOST_REQUIRE(changes.has_value());
      for (const CellChange& change : changes->cells) {
        BOOST_TEST((change.cell.to_value() == machine->read(change.key)));
      }
      const std::vector<std::string> recent = keys_of(changes->cells);
      BOOST_TEST((recent == keys_of(plain->take_recent().value().cells)));
      // A key that came and went since it was last saved may be among those to be saved.
      const std::vector<std::string> saved = keys_of(watched->take_changes().cells);
      for (const std::string& key : recent) BOOST_TEST(std::ranges::count(saved, key) == 1);
      for (const std::string& key : saved) {
        const bool is_told = std::ranges::binary_search(recent, key);
        BOOST_TEST((is_told || machine->read(key).kind == ValueKind::absent));
      }
      BOOST_TEST(std::ranges::is_sorted(recent));
      BOOST_TEST((std::ranges::adjacent_find(recent) == recent.end()));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_key_whose_end_has_come_is_told_as_deleted_once_and_to_whoever_keeps_the_state) {
  Machine machine{tracking()};
  machine.run({T::put("goes", "1", 2 * Machine::kStep), T::put("stays", "1"), T::claim("lease", Machine::kStep)});
  static_cast<void>(machine->take_recent());
  static_cast<void>(machine->take_changes());
  const auto next = [&machine] {
    machine.commit({});
    return keys_of(machine->take_recent().value().cells);
  };
  BOOST_TEST((next() == std::vector<std::string>{"lease"}));
  BOOST_TEST(machine->key_count() == 2U);
  BOOST_TEST((next() == std::vector<std::string>{"goes"}));
  BOOST_TEST(machine->key_count() == 1U);
  BOOST_TEST(next().empty());
  const StateDelta delta = machine->take_changes();
  BOOST_REQUIRE(delta.cells.size() == 2U);
  for (const auto& change : delta.cells) BOOST_TEST((change.cell.kind == ValueKind::absent));
  BOOST_TEST(machine->metrics().keys_ended == 2U);
}

BOOST_AUTO_TEST_CASE(what_was_recent_cannot_be_told_of_a_state_that_was_replaced) {
  Machine other, machine{tracking()};
  other.run(T::put("a", "1"));
  machine.run(T::put("b", "1"));
  BOOST_TEST((keys_of(machine->take_recent().value().cells) == std::vector<std::string>{"b"}));
  BOOST_REQUIRE(machine->restore(other->snapshot(), other->state()).has_value());
  BOOST_TEST(!machine->take_recent().has_value());
  machine.set_time(other.time());
  machine.run(9, {T::put("c", "1"), T::put("a", "2")});
  BOOST_TEST((keys_of(machine->take_recent().value().cells) == std::vector<std::string>{"a", "c"}));
  BOOST_TEST(machine->take_recent()->cells.empty());
}

BOOST_AUTO_TEST_SUITE_END()
