// What each transaction does to the state, one after the other.
#include <limits>
#include <string>

#include "harness.hpp"

using namespace myelin::consensus;
using test::bytes_value;
using test::Machine;
using test::number_value;
using T = Transaction;

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMillisecond = 1'000'000;

ScriptStep step(ScriptStep::Operation operation, std::uint8_t target, std::uint8_t left = 255, std::uint8_t right = 255,
                std::int64_t number = 0, std::string_view bytes = {}) {
  return {operation, target, left, right, number, bytes};
}
using enum ScriptStep::Operation;

}  // namespace

BOOST_AUTO_TEST_SUITE(transaction)

BOOST_AUTO_TEST_CASE(put_then_get_then_erase) {
  Machine machine;
  BOOST_TEST(machine.run(T::get("a")).status == Status::not_found);
  BOOST_TEST(machine.run(T::put("a", "1")).status == Status::ok);
  const Reply found = machine.run(T::get("a"));
  BOOST_TEST(found.status == Status::ok);
  BOOST_TEST((found.value == bytes_value("1")));
  BOOST_TEST((machine->read("a") == bytes_value("1")));
  BOOST_TEST(machine.run(T::put("a", "")).status == Status::ok);
  BOOST_TEST((machine.run(T::get("a")).value == bytes_value("")));
  BOOST_TEST(machine.run(T::erase("a")).status == Status::ok);
  BOOST_TEST(machine.run(T::erase("a")).status == Status::not_found);
  BOOST_TEST(machine->key_count() == 0U);
}

BOOST_AUTO_TEST_CASE(cas_sets_only_what_is_as_expected) {
  Machine machine;
  BOOST_TEST(machine.run(T::cas("a", "1", "2")).status == Status::mismatch);
  BOOST_TEST(machine.run(T::put_if_absent("a", "1")).status == Status::ok);
  const Reply other = machine.run(T::put_if_absent("a", "9"));
  BOOST_TEST(other.status == Status::mismatch);
  BOOST_TEST((other.value == bytes_value("1")));
  BOOST_TEST(machine.run(T::cas("a", "1", "2")).status == Status::ok);
  BOOST_TEST(machine.run(T::cas("a", "1", "3")).status == Status::mismatch);
  BOOST_TEST((machine->read("a") == bytes_value("2")));
}

BOOST_AUTO_TEST_CASE(add_starts_at_nothing_and_wraps_around) {
  Machine machine;
  BOOST_TEST(machine.run(T::add("n", 5)).status == Status::ok);
  BOOST_TEST(machine.run(T::add("n", -7)).status == Status::ok);
  BOOST_TEST((machine->read("n") == number_value(-2)));
  BOOST_TEST(machine.run(T::add("m", kMax)).status == Status::ok);
  BOOST_TEST(machine.run(T::add("m", 1)).status == Status::ok);
  BOOST_TEST((machine->read("m") == number_value(std::numeric_limits<std::int64_t>::min())));
  machine.run(T::put("a", "text"));
  BOOST_TEST(machine.run(T::add("a", 1)).status == Status::wrong_type);
}

BOOST_AUTO_TEST_CASE(transfer_moves_what_is_there_and_no_more) {
  Machine machine;
  machine.run(T::add("a", 10));
  BOOST_TEST(machine.run(T::transfer("a", "b", 11)).status == Status::insufficient);
  BOOST_TEST(machine.run(T::transfer("x", "b", 1)).status == Status::insufficient);
  BOOST_TEST(machine.run(T::transfer("a", "b", 4)).status == Status::ok);
  BOOST_TEST((machine->read("a") == number_value(6)));
  BOOST_TEST((machine->read("b") == number_value(4)));
  BOOST_TEST(machine.run(T::transfer("a", "a", 6)).status == Status::ok);
  BOOST_TEST(machine.run(T::transfer("a", "a", 7)).status == Status::insufficient);
  BOOST_TEST((machine->read("a") == number_value(6)));
  machine.run(T::add("rich", kMax));
  BOOST_TEST(machine.run(T::transfer("a", "rich", 1)).status == Status::overflow);
  machine.run(T::put("text", "x"));
  BOOST_TEST(machine.run(T::transfer("a", "text", 1)).status == Status::wrong_type);
  BOOST_TEST(machine.run(T::transfer("text", "a", 1)).status == Status::wrong_type);
  BOOST_TEST((machine->read("a") == number_value(6)));
}

BOOST_AUTO_TEST_CASE(a_claim_holds_until_the_commit_time_says_it_is_over) {
  Machine machine;
  const Reply first = machine.run(7, T::claim("task", 10 * kMillisecond));
  BOOST_TEST(first.status == Status::ok);
  BOOST_TEST(first.value.holder == 7U);
  BOOST_TEST(first.value.expires == Machine::kStart + 10 * kMillisecond);
  const Reply second = machine.run(8, T::claim("task", kMillisecond));
  BOOST_TEST(second.status == Status::held);
  BOOST_TEST((second.value == first.value));
  BOOST_TEST(machine.run(7, T::claim("task", kMillisecond)).status == Status::held);
  machine.set_time(first.value.expires - 1);
  BOOST_TEST(machine.run(8, T::claim("task", kMillisecond)).status == Status::held);
  machine.set_time(first.value.expires);
  BOOST_TEST(machine.run(T::get("task")).status == Status::not_found);
  machine.set_time(first.value.expires);
  const Reply third = machine.run(8, T::claim("task", kMillisecond));
  BOOST_TEST(third.status == Status::ok);
  BOOST_TEST(third.value.token > first.value.token);
}

BOOST_AUTO_TEST_CASE(a_value_with_a_time_to_live_is_absent_from_the_commit_that_is_as_much_later) {
  Machine machine;
  const WallTime now = machine.time();
  machine.run(T::put("e", "1", 10 * kMillisecond));
  machine.set_time(now + 10 * kMillisecond - 1);
  Value expected = bytes_value("1");
  expected.expires = now + 10 * kMillisecond;
  BOOST_TEST((machine.run(T::get("e")).value == expected));
  machine.set_time(now + 10 * kMillisecond);
  // To each operation, in the very commit that takes it out.
  const auto replies = machine.run(
      7, {T::get("e"), T::erase("e"), T::cas("e", "1", "2"), T::transfer("e", "f", 1), T::range("", "", 9)});
  BOOST_TEST(replies[0].status == Status::not_found);
  BOOST_TEST(replies[1].status == Status::not_found);
  BOOST_TEST(replies[2].status == Status::mismatch);
  BOOST_TEST((replies[2].value == Value{}));
  BOOST_TEST(replies[3].status == Status::insufficient);
  BOOST_TEST(replies[4].entries.empty());
  BOOST_TEST(machine->key_count() == 0U);
  for (const Transaction& taker : {T::put_if_absent("e", "mine"), T::add("e", 3), T::claim("e", kMillisecond)}) {
    Machine other;
    other.run(T::put("e", "1", Machine::kStep));
    BOOST_TEST(other.run(taker).status == Status::ok);
    BOOST_TEST(other->key_count() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(each_put_sets_the_end_anew_and_one_without_takes_it_away) {
  Machine machine;
  machine.run(T::put("e", "1", Machine::kStep));
  machine.set_time(Machine::kStart + Machine::kStep - 1);
  machine.run(T::put("e", "2", 5 * Machine::kStep));
  machine.set_time(Machine::kStart + 3 * Machine::kStep);
  BOOST_TEST(machine.run(T::get("e")).value.bytes == "2");
  BOOST_TEST(machine.run(T::cas("e", "2", "3")).status == Status::ok);
  machine.set_time(Machine::kStart + 1000 * Machine::kStep);
  BOOST_TEST((machine.run(T::get("e")).value == bytes_value("3")));
  // What a cas leaves ends, too; and one that does not fit changes no end.
  machine.run(T::cas("e", "3", "4", Machine::kStep));
  machine.set_time(machine.time() - 1);
  BOOST_TEST(machine.run(T::cas("e", "other", "5", 100 * Machine::kStep)).status == Status::mismatch);
  BOOST_TEST(machine.run(T::get("e")).status == Status::not_found);
}

BOOST_AUTO_TEST_CASE(a_script_takes_a_value_and_not_its_end) {
  Machine machine;
  machine.run({T::put("e", "1", 2 * Machine::kStep), T::put("plain", "1")});
  const std::vector<ScriptStep> steps = {
      step(load, 0, 255, 255, 0, "e"), step(load, 1, 255, 255, 0, "plain"), step(equal, 2, 0, 1),
      step(require, 255, 2),           step(store, 255, 255, 0, 0, "kept"), step(result, 255, 0)};
  const Reply reply = machine.run(T::script(steps));
  BOOST_TEST(reply.status == Status::ok);
  BOOST_TEST((reply.value == bytes_value("1")));
  machine.set_time(Machine::kStart + 10 * Machine::kStep);
  BOOST_TEST((machine.run(T::get("kept")).value == bytes_value("1")));
  BOOST_TEST(machine.run(T::script(steps)).status == Status::condition_failed);
}

BOOST_AUTO_TEST_CASE(an_end_that_time_cannot_say_never_comes) {
  for (const Executor executor : {Executor::sequential, Executor::scheduled, Executor::block_stm}) {
    Machine machine{{.executor = executor}};
    machine.set_time(kMax - 5);
    const auto replies = machine.run(7, {T::put("e", "1", 6), T::get("e"), T::claim("l", 9), T::claim("l", 9)});
    BOOST_TEST(replies[1].status == Status::ok);
    BOOST_TEST(replies[3].status == Status::held);
    machine.set_time(kMax);
    const auto later = machine.run(7, {T::get("e"), T::get("l"), T::put("e", "2", 1), T::get("e")});
    for (const Reply& reply : later) BOOST_TEST(reply.status == Status::ok);
    // 0 stands for no end; so nothing ends then.
    machine.set_time(-3);
    machine.run(T::put("z", "1", 3));
    machine.set_time(1);
    BOOST_TEST(machine.run(T::get("z")).status == Status::not_found);
  }
}

BOOST_AUTO_TEST_CASE(only_its_holder_renews_or_releases_a_lease_and_only_by_its_token) {
  Machine machine;
  const std::uint64_t token = machine.run(7, T::claim("task", 100 * kMillisecond)).value.token;
  BOOST_TEST(machine.run(8, T::renew("task", token, kMillisecond)).status == Status::not_holder);
  BOOST_TEST(machine.run(7, T::renew("task", token + 1, kMillisecond)).status == Status::not_holder);
  const WallTime now = machine.time();
  const Reply renewed = machine.run(7, T::renew("task", token, 500 * kMillisecond));
  BOOST_TEST(renewed.status == Status::ok);
  BOOST_TEST(renewed.value.expires == now + 500 * kMillisecond);
  BOOST_TEST(renewed.value.token == token);
  BOOST_TEST(machine.run(8, T::release("task", token)).status == Status::not_holder);
  BOOST_TEST(machine.run(7, T::release("task", token)).status == Status::ok);
  BOOST_TEST(machine.run(7, T::release("task", token)).status == Status::not_holder);
  BOOST_TEST(machine->key_count() == 0U);
  // In one commit as well, no two leases have one token.
  const auto replies = machine.run(7, {T::claim("a", kMillisecond), T::claim("b", kMillisecond)});
  BOOST_TEST(replies[0].value.token < replies[1].value.token);
}

BOOST_AUTO_TEST_CASE(nothing_but_its_release_touches_a_lease_that_is_held) {
  Machine machine;
  const std::uint64_t token = machine.run(7, T::claim("task", 1000 * kMillisecond)).value.token;
  const std::vector<ScriptStep> steps = {step(number, 0, 255, 255, 1), step(store, 255, 255, 0, 0, "task")};
  machine.run(T::add("n", 9));
  for (const Transaction& other :
       {T::put("task", "x"), T::erase("task"), T::add("task", 1), T::transfer("n", "task", 1), T::script(steps)}) {
    BOOST_TEST(machine.run(7, other).status == Status::wrong_type);
  }
  BOOST_TEST(machine.run(7, T::put_if_absent("task", "x")).status == Status::mismatch);
  BOOST_TEST(machine.run(T::get("task")).value.token == token);
  BOOST_TEST((machine->read("n") == number_value(9)));
}

BOOST_AUTO_TEST_CASE(a_range_answers_in_order_of_keys_within_its_bounds) {
  Machine machine;
  machine.run({T::put("b", "2"), T::put("a", "1"), T::put("d", "4"), T::add("c", 3), T::put("e", "5")});
  const auto keys = [&](const Transaction& range) {
    std::string text;
    for (const KeyValue& entry : machine.run(range).entries) text += entry.key;
    return text;
  };
  BOOST_TEST(keys(T::range("", "", 256)) == "abcde");
  BOOST_TEST(keys(T::range("b", "d", 256)) == "bc");
  BOOST_TEST(keys(T::range("bb", "", 2)) == "cd");
  machine.run({T::erase("c"), T::claim("f", kMillisecond)});
  BOOST_TEST(keys(T::range("b", "", 256)) == "bde");  // The lease is over when the next commit comes.
  BOOST_TEST((machine.run(T::range("a", "b", 1)).entries == std::vector{KeyValue{"a", bytes_value("1")}}));
}

BOOST_AUTO_TEST_CASE(a_range_stops_before_its_answer_is_too_large) {
  Machine machine;
  const std::string large(limits::kValueBytesMax, 'x');
  for (const char* key : {"a", "b", "c", "d", "e"}) machine.run(T::put(key, large));
  BOOST_TEST(machine.run(T::range("", "", 256)).entries.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_script_computes_its_keys_and_stores_at_its_end) {
  Machine machine;
  machine.run({T::add("next", 41), T::put("item41", "apple")});
  // Takes the item that "next" numbers, and leaves it under "taken".
  const std::vector<ScriptStep> steps = {step(load, 0, 255, 255, 0, "next"),
                                         step(load, 1, 0, 255, 0, "item"),
                                         step(require, 255, 1),
                                         step(store, 255, 255, 1, 0, "taken"),
                                         step(store, 255, 0, 2, 0, "item"),
                                         step(number, 3, 255, 255, 1),
                                         step(add, 0, 0, 3),
                                         step(store, 255, 255, 0, 0, "next"),
                                         step(load, 4, 255, 255, 0, "taken"),
                                         step(concat, 4, 4, 0),
                                         step(result, 255, 4)};
  const Reply reply = machine.run(T::script(steps));
  BOOST_TEST(reply.status == Status::ok);
  BOOST_TEST((reply.value == bytes_value("apple42")));
  BOOST_TEST((machine->read("taken") == bytes_value("apple")));
  BOOST_TEST((machine->read("next") == number_value(42)));
  BOOST_TEST((machine->read("item41") == Value{}));
  // There is no item 42: nothing happens.
  BOOST_TEST(machine.run(T::script(steps)).status == Status::condition_failed);
  BOOST_TEST((machine->read("next") == number_value(42)));
}

BOOST_AUTO_TEST_CASE(a_script_exchanges_two_values) {
  Machine machine;
  machine.run({T::put("a", std::string(100, 'a')), T::put("b", std::string(90, 'b'))});
  const std::vector<ScriptStep> steps = {step(load, 0, 255, 255, 0, "a"), step(load, 1, 255, 255, 0, "b"),
                                         step(store, 255, 255, 1, 0, "a"), step(store, 255, 255, 0, 0, "b")};
  BOOST_TEST(machine.run(T::script(steps)).status == Status::ok);
  BOOST_TEST((machine->read("a") == bytes_value(std::string(90, 'b'))));
  BOOST_TEST((machine->read("b") == bytes_value(std::string(100, 'a'))));
}

BOOST_AUTO_TEST_CASE(a_script_decides_by_comparing) {
  Machine machine;
  // The smaller of "a" and "b"; equal: their digest.
  const std::vector<ScriptStep> steps = {step(load, 0, 255, 255, 0, "a"),
                                         step(load, 1, 255, 255, 0, "b"),
                                         step(equal, 2, 0, 1),
                                         step(skip_unless, 255, 2, 255, 2),
                                         step(digest, 3, 0, 255, 2),
                                         step(result, 255, 3),
                                         step(less, 2, 1, 0),
                                         step(skip_unless, 255, 2, 255, 1),
                                         step(result, 255, 1)};
  machine.run({T::add("a", 5), T::add("b", 3)});
  BOOST_TEST((machine.run(T::script(steps)).value == number_value(3)));
  machine.run(T::add("b", 9));
  BOOST_TEST((machine.run(T::script(steps)).value == Value{}));
  machine.run(T::add("b", -7));
  const Digest once = Hasher{Domain::script}.add("5").finish();
  const Digest twice = Hasher{Domain::script}.add(once).finish();
  BOOST_TEST(
      (machine.run(T::script(steps)).value == bytes_value({reinterpret_cast<const char*>(twice.bytes.data()), 32})));
}

BOOST_AUTO_TEST_CASE(a_script_that_goes_wrong_has_no_effect) {
  Machine machine;
  machine.run({T::put("text", "x"), T::put("long", std::string(limits::kValueBytesMax, 'x'))});
  const auto run = [&](std::vector<ScriptStep> end, std::span<const std::string_view> keys = {}) {
    std::vector<ScriptStep> steps = {step(number, 0, 255, 255, 1), step(store, 255, 255, 0, 0, "mark")};
    steps.insert(steps.end(), end.begin(), end.end());
    return machine.run(T::script(steps, keys)).status;
  };
  const ScriptStep text = step(load, 1, 255, 255, 0, "text");
  const ScriptStep large = step(load, 2, 255, 255, 0, "long");
  BOOST_TEST(run({text, step(add, 3, 1, 0)}) == Status::wrong_type);
  BOOST_TEST(run({large, step(concat, 2, 2, 2)}) == Status::too_large);
  BOOST_TEST(run({large, step(load, 3, 2)}) == Status::too_large);
  BOOST_TEST(run({step(load, 3, 4)}) == Status::too_large);  // A key of no bytes.
  BOOST_TEST(run({large, step(store, 255, 255, 2, 0, "l1"), step(store, 255, 255, 2, 0, "l2")}) == Status::too_large);
  const std::vector<std::string_view> named = {"mark"};
  BOOST_TEST(run({text}, named) == Status::undeclared_key);
  BOOST_TEST(machine->key_count() == 2U);
  BOOST_TEST(run({}, named) == Status::ok);
  BOOST_TEST(machine->key_count() == 3U);
}

BOOST_AUTO_TEST_CASE(a_full_state_takes_no_more_but_lets_go) {
  Machine machine{{.executor = Executor::sequential, .limits = {.keys_max = 2, .bytes_max = 20}}};
  BOOST_TEST(machine.run(T::put("a", "1")).status == Status::ok);
  BOOST_TEST(machine.run(T::put("b", std::string(17, 'x'))).status == Status::ok);
  for (const Transaction& more : {T::put("c", ""), T::add("c", 1), T::claim("c", 1), T::put_if_absent("c", "")}) {
    BOOST_TEST(machine.run(more).status == Status::state_full);
  }
  BOOST_TEST(machine.run(T::erase("b")).status == Status::ok);
  BOOST_TEST(machine.run(T::put("c", std::string(18, 'x'))).status == Status::state_full);
  BOOST_TEST(machine.run(T::put("c", std::string(17, 'x'))).status == Status::ok);
}

BOOST_AUTO_TEST_CASE(a_reconfiguration_ends_the_epoch_with_its_commit) {
  Machine machine;
  std::vector<PublicKey> keys(4);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i].bytes[0] = static_cast<std::uint8_t>(i);
  const std::vector other = {keys[3], keys[1]};
  const auto approved = test::approvals(0, keys), other_approved = test::approvals(0, other);
  BOOST_TEST(machine.run(T::reconfigure(1, keys, approved)).status == Status::wrong_epoch);
  BOOST_TEST(!machine->begin_epoch().has_value());
  const auto outcome =
      machine.commit({write_batch(5, 1,
                                  std::vector{T::put("a", "1"), T::reconfigure(0, keys, approved),
                                              T::reconfigure(0, other, other_approved), T::put("b", "2")})});
  BOOST_TEST(outcome.batches[0].replies[1].status == Status::ok);
  BOOST_TEST(outcome.batches[0].replies[2].status == Status::epoch_ending);
  BOOST_TEST(outcome.batches[0].replies[3].status == Status::ok);
  BOOST_REQUIRE(outcome.next_validators.has_value());
  BOOST_TEST((*outcome.next_validators == keys));
  BOOST_TEST(machine->has_ended());
  const IndexedDigest end = machine->state();
  const auto late = machine->apply(machine.next({}));
  BOOST_REQUIRE(!late.has_value());
  BOOST_TEST((late.error().code == myelin::Errc::invalid_argument));
  BOOST_TEST((machine->state() == end));
  BOOST_TEST(machine->begin_epoch().has_value());
  BOOST_TEST(machine->epoch() == 1U);
  BOOST_TEST(machine.run(T::reconfigure(0, keys, approved)).status == Status::wrong_epoch);
  // Now these are the committee: one of those before has no say any more.
  const auto by_strangers = test::approvals(1, other);
  BOOST_TEST(machine.run(T::reconfigure(1, other, by_strangers)).status == Status::not_approved);
  std::vector<Approval> approvals;
  for (const ValidatorIndex i : {ValidatorIndex{1}, ValidatorIndex{2}, ValidatorIndex{3}}) {
    approvals.push_back({i, StubSigner{keys[i]}.sign(next_committee_digest(1, other))});
  }
  BOOST_TEST(machine.run(T::reconfigure(1, other, approvals)).status == Status::ok);
}

BOOST_AUTO_TEST_CASE(only_a_quorum_of_the_committee_ends_its_epoch) {
  Machine machine;
  const std::vector<PublicKey> next = {PublicKey{{7}}};
  const auto status_with = [&](const std::vector<Approval>& approvals) {
    return machine.run(T::reconfigure(0, next, approvals)).status;
  };
  BOOST_TEST(status_with({}) == Status::not_approved);
  BOOST_TEST(status_with(test::approvals(0, next, {0, 3})) == Status::not_approved);
  // For another epoch, and for other validators.
  BOOST_TEST(status_with(test::approvals(1, next)) == Status::not_approved);
  BOOST_TEST(status_with(test::approvals(0, test::committee())) == Status::not_approved);
  // One that is forged does not count, and does not harm the others.
  auto forged = test::approvals(0, next, {0, 1, 2});
  forged[2].signature = forged[1].signature;
  BOOST_TEST(status_with(forged) == Status::not_approved);
  auto stranger = test::approvals(0, next, {0, 1, 2});
  stranger.push_back({4, stranger.back().signature});
  BOOST_TEST(status_with(stranger) == Status::not_approved);
  forged = test::approvals(0, next, {0, 1, 2, 3});
  forged[2].signature = forged[1].signature;
  BOOST_TEST(!machine->has_ended());
  BOOST_TEST(status_with(forged) == Status::ok);
  BOOST_TEST(machine->has_ended());
}

BOOST_AUTO_TEST_CASE(without_a_committee_no_epoch_ends) {
  StateMachine machine;
  const std::vector<PublicKey> next = {PublicKey{{7}}};
  const auto approvals = test::approvals(0, next);
  const auto batch = write_batch(1, 1, std::vector{T::reconfigure(0, next, approvals)});
  const auto outcome = machine.apply({1, 1, {batch}});
  BOOST_REQUIRE(outcome.has_value());
  BOOST_TEST(outcome->batches[0].replies[0].status == Status::not_approved);
}

BOOST_AUTO_TEST_CASE(commits_are_executed_in_order_or_not_at_all) {
  Machine machine;
  machine.run(T::put("a", "1"));
  const IndexedDigest before = machine->state();
  for (const CommitIndex index : {0U, 1U, 3U}) {
    const auto outcome = machine->apply(OrderedBatches{index, machine.time(), {}});
    BOOST_REQUIRE(!outcome.has_value());
    BOOST_TEST((outcome.error().code == myelin::Errc::invalid_argument));
  }
  BOOST_TEST((machine->state() == before));
}

BOOST_AUTO_TEST_SUITE_END()
