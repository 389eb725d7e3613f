#include "demos/ledger/payer.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <optional>
#include <set>

#include "demos/ledger/settings.hpp"
#include "myelin/actors/deterministic_mesh.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::consensus::Status;
using myelin::ledger::Outcomes;
using myelin::ledger::Payer;
using myelin::ledger::Surroundings;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

/// Stands for the memory: remembers each transfer, and says what it was told to say.
class Oracle : public myelin::Agent {
 public:
  struct Log {
    std::vector<std::array<std::string, 2>> accounts;
    std::vector<std::int64_t> amounts;
    Status status = Status::ok;
    std::optional<Errc> failure;  // instead
    bool is_silent = false;
  };
  explicit Oracle(Log& log) : log_{log} {}
  static void handlers(myelin::Handlers<Oracle>& on) { on.message<&Oracle::take>(); }

 private:
  void take(myelin::schema::MemoryRequest::Reader request, myelin::Reply<myelin::schema::MemoryReply> reply) {
    const auto data = request.getBatch();
    const auto batch = myelin::consensus::read_batch(std::as_bytes(std::span{data.begin(), data.size()}));
    BOOST_REQUIRE(batch.has_value());
    for (const auto& transaction : batch->transactions) {
      BOOST_TEST((transaction.operation == myelin::consensus::Operation::transfer));
      log_.accounts.push_back({std::string{transaction.key}, std::string{transaction.other}});
      log_.amounts.push_back(transaction.number);
    }
    if (log_.is_silent) {
      kept_.push_back(std::move(reply));
    } else if (log_.failure) {
      reply.fail({*log_.failure, "not now"});
    } else {
      reply.send([&](myelin::schema::MemoryReply::Builder answer) {
        answer.initResults(1)[0].setStatus(static_cast<std::uint8_t>(log_.status));
      });
    }
  }

  Log& log_;
  std::vector<myelin::Reply<myelin::schema::MemoryReply>> kept_;
};

struct Fixture {
  Oracle::Log log;
  myelin::DeterministicMesh test;
  std::shared_ptr<Surroundings> surroundings = std::make_shared<Surroundings>();

  void start(std::uint64_t seed = 1, std::vector<std::string> names = {"a", "b", "c"}) {
    surroundings->accounts = myelin::Memory{test.mesh().spawn<Oracle>(log)}.space("ledger");
    surroundings->names = std::move(names);
    test.mesh().spawn<Payer>(surroundings, seed);
  }
  /// Steps until so many transfers were asked for, then lets what goes on come to its end.
  Outcomes after(std::size_t transfers) {
    while (log.accounts.size() < transfers) {
      if (!test.step()) test.advance(surroundings->rest);
    }
    surroundings->record.close();
    test.run();
    if (log.is_silent) test.advance(surroundings->limit);
    test.run();
    test.advance(surroundings->rest);
    test.run();
    return surroundings->record.outcomes();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ledger_payer, Fixture)

BOOST_AUTO_TEST_CASE(it_goes_on_until_the_record_is_closed_and_says_when_it_has_ended) {
  start();
  const Outcomes outcomes = after(500);
  BOOST_TEST(outcomes.moved == log.accounts.size());
  BOOST_TEST(outcomes.asked() == outcomes.moved);
  BOOST_TEST(surroundings->record.agents_ended() == 1U);
  BOOST_TEST(surroundings->record.take_latencies().size() == outcomes.moved);
}

BOOST_AUTO_TEST_CASE(it_pays_between_two_accounts_of_the_space_an_amount_within_bounds) {
  start();
  after(500);
  std::set<std::string> used;
  for (const auto& [from, to] : log.accounts) {
    BOOST_TEST(from != to);
    used.insert({from, to});
  }
  BOOST_TEST((used == std::set<std::string>{"ledger/a", "ledger/b", "ledger/c"}));
  for (const std::int64_t amount : log.amounts) BOOST_TEST((amount >= 1 && amount <= myelin::ledger::kAmountMax));
}

BOOST_AUTO_TEST_CASE(the_seed_decides_who_pays_whom) {
  start(7);
  after(20);
  Fixture other;
  other.start(7);
  other.after(20);
  BOOST_TEST((other.log.accounts == log.accounts));
  Fixture another;
  another.start(8);
  another.after(20);
  BOOST_TEST((another.log.accounts != log.accounts));
}

BOOST_AUTO_TEST_CASE(a_payer_with_too_little_was_answered_and_nothing_was_moved) {
  log.status = Status::insufficient;
  start();
  const Outcomes outcomes = after(10);
  BOOST_TEST(outcomes.moved == 0U);
  BOOST_TEST(outcomes.short_of_funds == log.accounts.size());
  BOOST_TEST(outcomes.answered() == log.accounts.size());
}

BOOST_AUTO_TEST_CASE(a_refused_transfer_is_counted_by_its_cause_and_the_next_one_waits) {
  log.failure = Errc::overloaded;
  start();
  test.run();
  BOOST_TEST(log.accounts.size() == 1U);  // it rests
  const Outcomes outcomes = after(5);
  BOOST_TEST(outcomes.answered() == 0U);
  BOOST_REQUIRE(outcomes.refused.contains(Errc::overloaded));
  BOOST_TEST(outcomes.refused.at(Errc::overloaded) == log.accounts.size());
  BOOST_TEST(outcomes.unknown == 0U);
}

BOOST_AUTO_TEST_CASE(a_transfer_without_an_answer_is_of_unknown_outcome) {
  log.is_silent = true;
  start();
  const Outcomes outcomes = after(1);
  BOOST_TEST(outcomes.unknown == 1U);
  BOOST_TEST(outcomes.asked() == 1U);
  BOOST_TEST(surroundings->record.take_latencies().empty());
}

BOOST_AUTO_TEST_SUITE_END()
