// Executed ahead of commitment: promoted if it came to be, dropped if not, and never to be told from the outside.
#include <memory>
#include <string>

#include "harness.hpp"
#include "random_transactions.hpp"

using namespace myelin::consensus;
using test::Bytes;
using test::Machine;
using test::Random;
using test::RandomTransactions;
using T = Transaction;

namespace {

/// A microsecond a look.
class StepClock final : public CostClock {
 public:
  myelin::TimePoint now() override { return now_ += myelin::Duration{1000}; }

 private:
  myelin::TimePoint now_{};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(prediction)

BOOST_AUTO_TEST_CASE(one_that_comes_true_is_promoted) {
  StepClock clock;
  Machine machine{{.executor = Executor::sequential, .clock = &clock}};
  const std::vector<Bytes> batches = {write_batch(1, 1, std::vector{T::put("a", "1"), T::add("n", 2)})};
  machine->predict(machine.next(batches), nullptr);
  BOOST_TEST(machine->key_count() == 0U);  // Nothing shows before the commit.
  BOOST_TEST((machine->read("a") == Value{}));
  const CommitOutcome outcome = machine.commit(batches);
  BOOST_TEST(outcome.batches[0].verdict == Verdict::executed);
  BOOST_TEST((machine->read("n") == test::number_value(2)));
  const ExecutionMetrics metrics = machine->metrics();
  BOOST_TEST(metrics.predictions == 1U);
  BOOST_TEST(metrics.predictions_hit == 1U);
  BOOST_TEST((metrics.prediction_saved == myelin::Duration{1000}));
  BOOST_TEST((metrics.prediction_wasted == myelin::Duration::zero()));
}

BOOST_AUTO_TEST_CASE(one_that_does_not_is_dropped) {
  StepClock clock;
  Machine machine{{.executor = Executor::sequential, .clock = &clock}};
  const std::vector<Bytes> likely = {write_batch(1, 1, std::vector{T::put("a", "1")}),
                                     write_batch(2, 1, std::vector{T::put("a", "2")})};
  const std::vector<Bytes> actual = {likely[1], likely[0]};
  machine->predict(machine.next(likely), nullptr);
  machine.commit(actual);
  BOOST_TEST((machine->read("a") == test::bytes_value("1")));
  const ExecutionMetrics metrics = machine->metrics();
  BOOST_TEST(metrics.predictions_hit == 0U);
  BOOST_TEST((metrics.prediction_wasted == myelin::Duration{1000}));
}

BOOST_AUTO_TEST_CASE(another_time_matters_only_to_those_who_ask_for_it) {
  Machine machine;
  const std::vector<Bytes> plain = {write_batch(1, 1, std::vector{T::put("a", "1")})};
  machine->predict(machine.next(plain), nullptr);
  machine.set_time(machine.time() + 5);
  machine.commit(plain);
  BOOST_TEST(machine->metrics().predictions_hit == 1U);
  const std::vector<Bytes> claim = {write_batch(1, 2, std::vector{T::claim("l", 100)})};
  machine->predict(machine.next(claim), nullptr);
  machine.set_time(machine.time() + 5);
  const WallTime now = machine.time();
  const CommitOutcome outcome = machine.commit(claim);
  BOOST_TEST(outcome.batches[0].replies[0].value.expires == now + 100);
  BOOST_TEST(machine->metrics().predictions_hit == 1U);
  // Nor do those who only meet something that ends.
  const std::vector<Bytes> put = {write_batch(1, 3, std::vector{T::put("e", "1", 2 * Machine::kStep)})};
  machine.commit(put);
  const std::vector<Bytes> get = {write_batch(1, 4, std::vector{T::get("e")})};
  machine->predict(machine.next(get), nullptr);
  machine.set_time(machine.time() + 2 * Machine::kStep);
  BOOST_TEST(machine.commit(get).batches[0].replies[0].status == Status::not_found);
  BOOST_TEST(machine->metrics().predictions_hit == 1U);
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_next_is_not_executed) {
  Machine machine;
  const std::vector<Bytes> batches = {write_batch(1, 1, std::vector{T::put("a", "1")})};
  OrderedBatches later = machine.next(batches);
  ++later.index;
  machine->predict(later, nullptr);
  BOOST_TEST(machine->metrics().predictions == 0U);
}

BOOST_AUTO_TEST_CASE(a_restored_state_knows_no_prediction_of_the_one_before) {
  Machine other;
  other.run(T::put("x", "1"));
  Machine machine;
  const std::vector<Bytes> batches = {write_batch(1, 2, std::vector{T::get("x")})};
  machine.run(T::put("y", "1"));
  machine->predict(machine.next(batches), nullptr);
  BOOST_TEST(machine->restore(other->snapshot(), other->state()).has_value());
  BOOST_TEST((machine.commit(batches).batches[0].replies[0].value == test::bytes_value("1")));
}

BOOST_AUTO_TEST_CASE(a_reconfiguration_that_was_predicted_ends_the_epoch_only_when_it_is_committed) {
  Machine machine;
  const std::vector<PublicKey> keys(1);
  const auto approvals = test::approvals(0, keys);
  const std::vector<Bytes> batches = {write_batch(1, 1, std::vector{T::reconfigure(0, keys, approvals)})};
  machine->predict(machine.next(batches), nullptr);
  BOOST_TEST(!machine->has_ended());
  BOOST_TEST(machine.commit(batches).next_validators.has_value());
  BOOST_TEST(machine->metrics().predictions_hit == 1U);
  BOOST_TEST(machine->has_ended());
}

BOOST_AUTO_TEST_CASE(with_predictions_right_and_wrong_all_is_as_without) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Machine plain, predicting;
    Random random{seed};
    constexpr std::uint64_t kKeys[] = {2, 20};
    RandomTransactions transactions{seed, {.keys = kKeys[seed % 2]}};
    Sequence sequence = 0;
    for (int commit = 0; commit < 40; ++commit) {
      auto batches = std::make_shared<std::vector<Bytes>>();
      for (std::uint64_t n = random.below(4); n > 0; --n) {
        std::vector<Transaction> batch;
        for (std::uint64_t i = 1 + random.below(10); i > 0; --i) batch.push_back(transactions.next());
        batches->push_back(write_batch(transactions.client(), ++sequence, batch));
        if (random.one_in(5)) batches->push_back(batches->front());
      }
      OrderedBatches likely = predicting.next(*batches);
      if (random.one_in(4) && !likely.batches.empty()) likely.batches.pop_back();
      if (random.one_in(4)) likely.time += 1'000'000;
      predicting->predict(likely, batches);
      const CommitOutcome expected = plain.commit(*batches);
      BOOST_REQUIRE((predicting.commit(*batches) == expected));
      BOOST_REQUIRE((predicting->state() == plain->state()));
      for (const BatchOutcome& outcome : expected.batches) {
        for (const Reply& reply : outcome.replies) {
          if (reply.value.kind == ValueKind::lease) transactions.remember(reply.value.token);
        }
      }
      transactions.clear();
    }
    const ExecutionMetrics metrics = predicting->metrics();
    BOOST_REQUIRE(metrics.predictions_hit > 5U);
    BOOST_REQUIRE(metrics.predictions_hit < metrics.predictions);
  }
}

BOOST_AUTO_TEST_SUITE_END()
