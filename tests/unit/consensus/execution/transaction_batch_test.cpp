// Batches as bytes: what is written is read, and what is out of bounds is refused with its reason.
#include <limits>
#include <random>
#include <string>

#include "harness.hpp"
#include "myelin/consensus/limits.hpp"

using namespace myelin::consensus;
using test::Bytes;
using test::Machine;
using T = Transaction;

namespace {

TransactionRefusal refusal_of(const Transaction& transaction) {
  const Bytes bytes = write_batch(1, 1, std::vector{transaction});
  const auto batch = read_batch(bytes);
  BOOST_REQUIRE(batch.has_value());
  BOOST_REQUIRE(batch->transactions.size() == 1U);
  const Transaction& read = batch->transactions[0];
  BOOST_TEST((read.operation == Operation::malformed) == (read.refusal != TransactionRefusal::none));
  return read.refusal;
}

ScriptStep good_step() { return {ScriptStep::Operation::number, 0, 255, 255, 1, {}}; }

TransactionRefusal refusal_of_step(const ScriptStep& step) {
  const std::vector<ScriptStep> steps = {good_step(), step, good_step()};
  return refusal_of(T::script(steps));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(transaction_batch)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  const std::vector<ScriptStep> steps = {good_step(), {ScriptStep::Operation::load, 7, 0, 255, -3, "key"}};
  const std::vector<std::string_view> keys = {"one", "two"};
  const std::vector<PublicKey> validators = {PublicKey{{1}}, PublicKey{{2}}};
  const std::vector<Approval> approvals = {{1, Signature{{3}}}, {5, Signature{{4}}}};
  const std::vector<Transaction> written = {T::put("k", "v"),
                                            T::get("k"),
                                            T::cas("k", "old", "new"),
                                            T::put_if_absent("k", "v", limits::kTimeToLiveMax),
                                            T::erase("k"),
                                            T::add("k", -5),
                                            T::transfer("a", "b", 7),
                                            T::claim("k", 100),
                                            T::renew("k", 8, 9),
                                            T::release("k", 8),
                                            T::range("a", "b", 10),
                                            T::script(steps, keys),
                                            T::reconfigure(3, validators, approvals),
                                            T::put("k", "v", 1),
                                            T::cas("k", "old", "new", 2)};
  const Bytes bytes = write_batch(42, 43, written);
  const auto batch = read_batch(bytes);
  BOOST_REQUIRE(batch.has_value());
  BOOST_TEST(batch->client == 42U);
  BOOST_TEST(batch->sequence == 43U);
  BOOST_REQUIRE(batch->transactions.size() == written.size());
  for (std::size_t i = 0; i < written.size(); ++i) {
    const Transaction &read = batch->transactions[i], &expected = written[i];
    BOOST_TEST_CONTEXT("transaction " << i) {
      BOOST_TEST((read.operation == expected.operation));
      BOOST_TEST(read.refusal == TransactionRefusal::none);
      BOOST_TEST(read.if_absent == expected.if_absent);
      BOOST_TEST(read.limit == expected.limit);
      BOOST_TEST(read.client == 42U);
      BOOST_TEST(read.key == expected.key);
      BOOST_TEST(read.other == expected.other);
      BOOST_TEST(read.value == expected.value);
      BOOST_TEST(read.number == expected.number);
      BOOST_TEST(read.token == expected.token);
      BOOST_TEST(read.steps.size() == expected.steps.size());
      BOOST_TEST(std::ranges::equal(read.keys, expected.keys));
      BOOST_TEST(std::ranges::equal(read.validators, expected.validators));
      BOOST_TEST(std::ranges::equal(read.approvals, expected.approvals, [](const Approval& one, const Approval& other) {
        return one.validator == other.validator && one.signature == other.signature;
      }));
    }
  }
  const ScriptStep& load = batch->transactions[11].steps[1];
  BOOST_TEST((load.operation == ScriptStep::Operation::load));
  BOOST_TEST(load.target == 7);
  BOOST_TEST(load.left == 0);
  BOOST_TEST(load.right == ScriptStep::kNoRegister);
  BOOST_TEST(load.number == -3);
  BOOST_TEST(load.bytes == "key");
  // Nothing depends on where the bytes lie.
  Bytes shifted(1);
  shifted.insert(shifted.end(), bytes.begin(), bytes.end());
  const auto again = read_batch(std::span{shifted}.subspan(1));
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST(again->transactions[0].value == "v");
}

BOOST_AUTO_TEST_CASE(each_bound_of_a_transaction_has_its_reason) {
  using enum TransactionRefusal;
  const std::string long_key(limits::kKeyBytesMax, 'k'), too_long_key(limits::kKeyBytesMax + 1, 'k');
  const std::string large(limits::kValueBytesMax, 'v'), too_large(limits::kValueBytesMax + 1, 'v');
  BOOST_TEST(refusal_of(T{}) == no_operation);
  BOOST_TEST(refusal_of(T::put(long_key, large)) == none);
  BOOST_TEST(refusal_of(T::put(too_long_key, "")) == bad_key);
  BOOST_TEST(refusal_of(T::get("")) == bad_key);
  BOOST_TEST(refusal_of(T::transfer("a", "", 1)) == bad_key);
  BOOST_TEST(refusal_of(T::range(too_long_key, "", 1)) == bad_key);
  BOOST_TEST(refusal_of(T::put("k", too_large)) == value_too_large);
  BOOST_TEST(refusal_of(T::cas("k", too_large, "")) == value_too_large);
  BOOST_TEST(refusal_of(T::cas("k", "", too_large)) == value_too_large);
  BOOST_TEST(refusal_of(T::transfer("a", "b", 0)) == bad_amount);
  BOOST_TEST(refusal_of(T::transfer("a", "b", -1)) == bad_amount);
  BOOST_TEST(refusal_of(T::claim("k", 0)) == bad_duration);
  BOOST_TEST(refusal_of(T::claim("k", limits::kLeaseMax)) == none);
  BOOST_TEST(refusal_of(T::claim("k", limits::kLeaseMax + 1)) == bad_duration);
  BOOST_TEST(refusal_of(T::renew("k", 1, -1)) == bad_duration);
  BOOST_TEST(refusal_of(T::put("k", "", -1)) == bad_time_to_live);
  BOOST_TEST(refusal_of(T::put("k", "", limits::kTimeToLiveMax)) == none);
  BOOST_TEST(refusal_of(T::put("k", "", limits::kTimeToLiveMax + 1)) == bad_time_to_live);
  BOOST_TEST(refusal_of(T::cas("k", "", "", -1)) == bad_time_to_live);
  BOOST_TEST(refusal_of(T::put_if_absent("k", "", std::numeric_limits<std::int64_t>::max())) == bad_time_to_live);
  BOOST_TEST(refusal_of(T::range("", "", 0)) == bad_range_limit);
  BOOST_TEST(refusal_of(T::range("", "", limits::kRangeEntriesMax + 1)) == bad_range_limit);
}

BOOST_AUTO_TEST_CASE(each_bound_of_a_script_has_its_reason) {
  using enum ScriptStep::Operation;
  constexpr auto bad_script_size = TransactionRefusal::bad_script_size;
  constexpr auto bad_script_step = TransactionRefusal::bad_script_step;
  const std::vector<ScriptStep> most(limits::kScriptStepsMax, good_step());
  const std::vector<ScriptStep> too_many(limits::kScriptStepsMax + 1, good_step());
  const std::vector<std::string_view> too_many_keys(limits::kScriptKeysMax + 1, "k"), no_key = {""};
  BOOST_TEST(refusal_of(T::script(most)) == TransactionRefusal::none);
  BOOST_TEST(refusal_of(T::script({})) == bad_script_size);
  BOOST_TEST(refusal_of(T::script(too_many)) == bad_script_size);
  BOOST_TEST(refusal_of(T::script(most, too_many_keys)) == bad_script_size);
  BOOST_TEST(refusal_of(T::script(most, no_key)) == TransactionRefusal::bad_key);
  const std::string long_key(limits::kKeyBytesMax + 1, 'k'), large(limits::kValueBytesMax + 1, 'v');
  for (const ScriptStep& bad : {
           ScriptStep{},
           ScriptStep{static_cast<ScriptStep::Operation>(15), 0, 0, 0, 1, {}},
           ScriptStep{number, 8, 255, 255, 1, {}},
           ScriptStep{bytes, 0, 255, 255, 0, large},
           ScriptStep{load, 0, 8, 255, 0, "k"},
           ScriptStep{load, 0, 255, 255, 0, long_key},
           ScriptStep{store, 0, 255, 255, 0, "k"},
           ScriptStep{add, 0, 0, 255, 0, {}},
           ScriptStep{less, 0, 255, 0, 0, {}},
           ScriptStep{concat, 255, 0, 0, 0, {}},
           ScriptStep{digest, 0, 0, 255, 0, {}},
           ScriptStep{digest, 0, 0, 255, limits::kScriptDigestsMax + 1, {}},
           ScriptStep{skip_unless, 255, 0, 255, 0, {}},
           ScriptStep{skip_unless, 255, 0, 255, -1, {}},
           ScriptStep{skip_unless, 255, 0, 255, 2, {}},
           ScriptStep{require, 255, 255, 255, 0, {}},
           ScriptStep{result, 255, 9, 255, 0, {}},
       }) {
    BOOST_TEST(refusal_of_step(bad) == bad_script_step);
  }
  BOOST_TEST(refusal_of_step({skip_unless, 255, 0, 255, 1, {}}) == TransactionRefusal::none);
  // Many digests in many steps are no way around the bound.
  const std::vector<ScriptStep> digests(2, {digest, 0, 0, 255, limits::kScriptDigestsMax / 2 + 1, {}});
  BOOST_TEST(refusal_of(T::script(digests)) == bad_script_step);
}

BOOST_AUTO_TEST_CASE(each_bound_of_a_reconfiguration_is_kept) {
  using enum TransactionRefusal;
  std::vector<PublicKey> keys(limits::kValidatorsMax + 1);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i].bytes[5] = static_cast<std::uint8_t>(i);
  BOOST_TEST(refusal_of(T::reconfigure(0, std::span{keys}.first(64), {})) == none);
  BOOST_TEST(refusal_of(T::reconfigure(0, keys, {})) == bad_validators);
  BOOST_TEST(refusal_of(T::reconfigure(0, {}, {})) == bad_validators);
  std::vector<Approval> approvals(limits::kValidatorsMax + 1);
  for (std::size_t i = 0; i < approvals.size(); ++i) approvals[i].validator = static_cast<ValidatorIndex>(i);
  const auto good = std::span{keys}.first(4);
  BOOST_TEST(refusal_of(T::reconfigure(0, good, std::span{approvals}.first(64))) == none);
  BOOST_TEST(refusal_of(T::reconfigure(0, good, approvals)) == bad_approvals);
  approvals[1].validator = approvals[2].validator;
  BOOST_TEST(refusal_of(T::reconfigure(0, good, std::span{approvals}.first(3))) == bad_approvals);
  keys[3] = keys[9];
  BOOST_TEST(refusal_of(T::reconfigure(0, std::span{keys}.first(10), {})) == bad_validators);
}

BOOST_AUTO_TEST_CASE(each_bound_of_a_batch_has_its_reason) {
  const auto refusal = [](std::span<const std::byte> bytes) {
    const auto batch = read_batch(bytes);
    BOOST_REQUIRE(!batch.has_value());
    return batch.error();
  };
  const std::vector<Transaction> one = {T::get("k")};
  BOOST_TEST(refusal({}) == BatchRefusal::malformed);
  BOOST_TEST(refusal(Bytes(12)) == BatchRefusal::malformed);
  BOOST_TEST(refusal(Bytes(16, std::byte{0xff})) == BatchRefusal::malformed);
  BOOST_TEST(refusal(Bytes(limits::kBatchBytesMax + 8)) == BatchRefusal::too_large);
  BOOST_TEST(refusal(Bytes(64)) == BatchRefusal::no_transactions);
  BOOST_TEST(refusal(write_batch(1, 1, {})) == BatchRefusal::no_transactions);
  BOOST_TEST(refusal(write_batch(1, 0, one)) == BatchRefusal::bad_sequence);
  BOOST_TEST(refusal(write_batch(1, 1, std::vector(limits::kBatchTransactionsMax + 1, one[0]))) ==
             BatchRefusal::too_many_transactions);
  BOOST_TEST(read_batch(write_batch(1, 1, std::vector(limits::kBatchTransactionsMax, one[0]))).has_value());
}

BOOST_AUTO_TEST_CASE(a_list_of_nothing_does_not_stand_for_transactions) {
  // A list of 4000 structs without content, in 5 words.
  Bytes bytes(5 * 8);
  const auto word = [&](std::size_t index, std::uint64_t value) { std::memcpy(&bytes[index * 8], &value, 8); };
  word(0, 0x0001'0002'0000'0000);         // The root: 2 words of data, 1 pointer.
  word(1, 1);                             // client
  word(2, 1);                             // sequence
  word(3, (std::uint64_t{7} << 32) | 1);  // A list of 0 words in all, its tag in the next.
  word(4, std::uint64_t{4000} << 2);      // 4000 elements of no size.
  const auto batch = read_batch(bytes);
  BOOST_REQUIRE(!batch.has_value());
  BOOST_TEST(batch.error() == BatchRefusal::too_many_transactions);
}

BOOST_AUTO_TEST_CASE(malformed_transactions_and_batches_harm_no_other_and_are_counted) {
  Machine machine;
  const CommitOutcome outcome =
      machine.commit({Bytes(24, std::byte{0xff}), write_batch(1, 1, std::vector{T::get(""), T::put("a", "1"), T{}}),
                      Bytes(7), write_batch(1, 0, std::vector{T::put("b", "1")})});
  BOOST_TEST(outcome.batches[0].verdict == Verdict::refused);
  BOOST_TEST(outcome.batches[0].refusal == BatchRefusal::malformed);
  BOOST_TEST(outcome.batches[1].verdict == Verdict::executed);
  BOOST_TEST(outcome.batches[1].replies[0].status == Status::malformed);
  BOOST_TEST(outcome.batches[1].replies[0].refusal == TransactionRefusal::bad_key);
  BOOST_TEST(outcome.batches[1].replies[1].status == Status::ok);
  BOOST_TEST(outcome.batches[1].replies[2].refusal == TransactionRefusal::no_operation);
  BOOST_TEST(outcome.batches[2].refusal == BatchRefusal::malformed);
  BOOST_TEST(outcome.batches[3].refusal == BatchRefusal::bad_sequence);
  BOOST_TEST(machine->key_count() == 1U);
  const ExecutionMetrics metrics = machine->metrics();
  BOOST_TEST(metrics.batches_refused[static_cast<std::size_t>(BatchRefusal::malformed)] == 2U);
  BOOST_TEST(metrics.batches_refused[static_cast<std::size_t>(BatchRefusal::bad_sequence)] == 1U);
  BOOST_TEST(metrics.batches_by_verdict[static_cast<std::size_t>(Verdict::refused)] == 3U);
  BOOST_TEST(metrics.transactions_refused[static_cast<std::size_t>(TransactionRefusal::bad_key)] == 1U);
  BOOST_TEST(metrics.transactions_refused[static_cast<std::size_t>(TransactionRefusal::no_operation)] == 1U);
}

BOOST_AUTO_TEST_CASE(changed_bytes_never_do_harm) {
  const std::vector<ScriptStep> steps = {good_step(), {ScriptStep::Operation::load, 7, 0, 255, 0, "key"}};
  const std::vector<std::string_view> keys = {"key1"};
  const Bytes bytes = write_batch(
      1, 1, std::vector{T::put("k", "v"), T::script(steps, keys), T::transfer("a", "b", 1), T::range("", "", 3)});
  std::mt19937 random{5};
  Machine machine;
  for (int i = 0; i < 20'000; ++i) {
    Bytes changed = bytes;
    for (unsigned n = 1 + random() % 3; n > 0; --n)
      changed[random() % changed.size()] = static_cast<std::byte>(random());
    machine.commit({changed});
  }
  BOOST_TEST(machine->applied() == 20'000U);
}

BOOST_AUTO_TEST_CASE(replies_come_back_from_their_bytes) {
  Value lease;
  lease.kind = ValueKind::lease;
  lease.holder = 1;
  lease.expires = 2;
  lease.token = 3;
  Value ending = test::bytes_value("x");
  ending.expires = 4;
  const std::vector<Reply> replies = {
      {},
      {.status = Status::not_found},
      {.status = Status::malformed, .refusal = TransactionRefusal::bad_amount},
      {.value = test::bytes_value(std::string(1000, 'x'))},
      {.status = Status::mismatch, .value = test::number_value(-1)},
      {.is_cut = true},
      {.status = Status::held, .value = lease},
      {.entries = {{"a", test::bytes_value("")}, {"b", test::number_value(5)}, {"c", ending}}},
      {.value = ending},
  };
  const std::string bytes = encode_replies(replies);
  const auto again = decode_replies(bytes);
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST((*again == replies));
  std::mt19937 random{6};
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = bytes.substr(0, random() % bytes.size() + 1);
    changed[random() % changed.size()] = static_cast<char>(random());
    static_cast<void>(decode_replies(changed));
  }
}

BOOST_AUTO_TEST_SUITE_END()
