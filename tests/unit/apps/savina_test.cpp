// Small runs of every Savina program on every side: each ends with the result that a plain loop computes.
#include "bench/savina/program.hpp"

#include <boost/test/unit_test.hpp>

#include "bench/savina/erlang.hpp"
#include "bench/savina/outcome.hpp"
#include "bench/savina/references.hpp"

using namespace myelin::tool::savina;

namespace {

/// The quick size of a program, on so many workers.
Work small(const Program& program, std::size_t workers) {
  Work work = program.quick;
  work.workers = workers;
  return work;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(savina)

BOOST_AUTO_TEST_CASE(every_program_in_raw_caf_gives_the_right_result) {
  for (const Program& program : programs()) {
    for (const std::size_t workers : {1, 2}) {
      BOOST_TEST_CONTEXT(program.name << " on " << workers) {
        const Work work = small(program, workers);
        BOOST_TEST(program.in_caf(work).result == program.expected(work));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_program_in_myelin_gives_the_right_result) {
  for (const Program& program : programs()) {
    for (const std::size_t workers : {1, 2}) {
      BOOST_TEST_CONTEXT(program.name << " on " << workers) {
        const Work work = small(program, workers);
        BOOST_TEST(program.in_myelin(work).result == program.expected(work));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_result_is_an_error_and_no_figure) {
  const Program program = programs().front();
  const Work work = small(program, 1);
  BOOST_TEST(figure(program, work, "", {1e6, program.expected(work)}) == 1e6 / static_cast<double>(work.messages));
  BOOST_CHECK_THROW(static_cast<void>(figure(program, work, "", {1e6, program.expected(work) + 1})), Failed);
}

BOOST_AUTO_TEST_CASE(queens_are_counted_as_the_encyclopedia_says) {
  for (std::uint64_t size = 1; size <= 9; ++size) BOOST_TEST(queens_solutions({}, size) == queens_known(size));
}

BOOST_AUTO_TEST_CASE(transfers_go_to_another_account_and_keep_the_total) {
  constexpr std::uint64_t kAccounts = 7;
  std::vector<std::uint64_t> balances(kAccounts, kFirstBalance);
  for (std::uint64_t number = 0; number < 1'000; ++number) {
    const Transaction next = transaction(number, kAccounts);
    BOOST_TEST_REQUIRE(next.from != next.to);
    balances.at(next.from) -= next.amount;
    balances.at(next.to) += next.amount;
  }
  std::uint64_t total = 0;
  std::uint64_t weighted = 0;
  for (std::uint64_t account = 0; account < kAccounts; ++account) {
    total += balances[account];
    weighted += weighted_balance(account, balances[account]);
  }
  BOOST_TEST(total == kAccounts * kFirstBalance);
  BOOST_TEST(weighted == weighted_balances({.agents = kAccounts, .messages = 1'000}));
}

BOOST_AUTO_TEST_CASE(erlangs_answers_are_understood) {
  const auto finish = parse_erlang_answer("ok 1250 499999500000");
  BOOST_TEST_REQUIRE(finish.has_value());
  BOOST_TEST(finish->nanoseconds == 1250.0);
  BOOST_TEST(finish->result == 499'999'500'000U);
}

BOOST_AUTO_TEST_CASE(erlangs_errors_and_garbage_are_errors) {
  for (const char* line : {"error badarg", "", "ok", "ok 1", "ok 1 ", "ok 1 2 3", "ok -1 2", "ok 1 x", "okay 1 2"}) {
    BOOST_TEST_CONTEXT("'" << line << "'") { BOOST_TEST(!parse_erlang_answer(line).has_value()); }
  }
}

BOOST_AUTO_TEST_CASE(every_program_in_erlang_gives_the_right_result_where_erlang_is_installed) {
  auto erlang = Erlang::start(2);
  if (!erlang && erlang.error().code == myelin::Errc::not_found) {
    BOOST_TEST_MESSAGE("Erlang is " << kErlangMissing);
    return;
  }
  BOOST_TEST_REQUIRE(erlang.has_value());
  for (const Program& program : programs()) {
    if (!program.in_erlang) continue;
    for (const std::size_t workers : {1, 2}) {
      BOOST_TEST_CONTEXT(program.name << " on " << workers) {
        const Work work = small(program, workers);
        const auto finish = (*erlang)->run(program.key, work);
        BOOST_TEST_REQUIRE(finish.has_value());
        BOOST_TEST(finish->result == program.expected(work));
      }
    }
  }
  BOOST_TEST(!(*erlang)->run("no-such-program", {}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
