#include "demos/ledger/accounts.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <optional>

#include "demos/ledger/settings.hpp"
#include "myelin/validator/group.hpp"

using myelin::Errc;
using myelin::Memory;
using namespace myelin::ledger;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

// Generous: nothing here waits for it but on failure.
constexpr myelin::Duration kLimit = 60s;

/// A group of one, and a space in its memory.
struct Fixture {
  Fixture() {
    auto started = myelin::validator::ValidatorGroup::start(mesh, {.validators = 1});
    BOOST_REQUIRE(started);
    group.emplace(*std::move(started));
    space = Memory::start_session(mesh, group->directory()).space("ledger");
  }
  std::size_t open(std::size_t accounts) {
    const auto there = read_balances(mesh, space, {});
    BOOST_REQUIRE(there);
    const auto opened = open_accounts(mesh, space, account_names(accounts), *there, {});
    BOOST_REQUIRE_MESSAGE(opened, (opened ? std::string{} : to_string(opened.error())));
    return *opened;
  }

  myelin::Mesh mesh{{.workers = 2}};
  std::optional<myelin::validator::ValidatorGroup> group;
  Memory space;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ledger_accounts, Fixture)

BOOST_AUTO_TEST_CASE(names_are_in_order_and_as_long_as_each_other) {
  for (const std::size_t count : {2U, 4U, 10U, 11U, 10'000U}) {
    const auto names = account_names(count);
    BOOST_TEST(names.size() == count);
    BOOST_TEST(std::ranges::is_sorted(names));
    BOOST_TEST(names.front().size() == names.back().size());
  }
}

BOOST_AUTO_TEST_CASE(accounts_are_opened_once_and_read_back_over_many_pages) {
  BOOST_TEST(open(700) == 700U);
  const auto balances = read_balances(mesh, space, {});
  BOOST_REQUIRE(balances);
  BOOST_TEST(balances->by_account.size() == 700U);
  BOOST_TEST(balances->total() == 700 * kOpeningBalance);
  BOOST_TEST(check_balances(*balances, 700).has_value());
  const auto at_once = read_balances_at_once(mesh, space, account_names(700));
  BOOST_REQUIRE(at_once);
  BOOST_TEST((at_once->by_account == balances->by_account));
  BOOST_TEST(open(700) == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_moved_meanwhile_is_kept_when_others_are_opened) {
  open(10);
  BOOST_REQUIRE(mesh.ask(space.transfer("account0", "account1", 300), kLimit));
  BOOST_REQUIRE(mesh.ask(space.erase("account9"), kLimit));
  BOOST_TEST(open(10) == 1U);
  const auto balances = read_balances_at_once(mesh, space, account_names(10));
  BOOST_REQUIRE(balances);
  BOOST_TEST(balances->by_account.at("account0") == kOpeningBalance - 300);
  BOOST_TEST(balances->by_account.at("account1") == kOpeningBalance + 300);
  BOOST_TEST(check_balances(*balances, 10).has_value());
}

BOOST_AUTO_TEST_CASE(money_that_was_made_is_found) {
  open(10);
  BOOST_REQUIRE(mesh.ask(space.add("account3", 1), kLimit));
  const auto balances = read_balances(mesh, space, {});
  BOOST_REQUIRE(balances);
  const auto wrong = check_balances(*balances, 10);
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().message ==
             "balances do not add up: 10 accounts, total 10001; it should be 10 accounts, "
             "total 10000");
}

BOOST_AUTO_TEST_CASE(an_account_that_nobody_opened_is_found_before_between_and_behind_the_others) {
  for (const char* extra : {"a", "account299x", "b"}) {
    open(600);
    BOOST_REQUIRE(mesh.ask(space.add(extra, 5), kLimit));
    const auto balances = read_balances_at_once(mesh, space, account_names(600));
    BOOST_REQUIRE(balances);
    BOOST_TEST(balances->by_account.contains(extra));
    BOOST_TEST(!check_balances(*balances, 600));
    BOOST_REQUIRE(mesh.ask(space.erase(extra), kLimit));
  }
}

BOOST_AUTO_TEST_CASE(an_account_that_is_gone_or_below_zero_is_found) {
  BOOST_TEST(!check_balances({{{"a", 2 * kOpeningBalance}}}, 2));
  const auto below = check_balances({{{"a", -5}, {"b", 2 * kOpeningBalance + 5}}}, 2);
  BOOST_REQUIRE(!below);
  BOOST_TEST(below.error().message.find("'a' holds -5") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_key_that_is_no_account_is_named) {
  BOOST_REQUIRE(mesh.ask(space.put("colour", "blue"), kLimit));
  const auto balances = read_balances(mesh, space, {});
  BOOST_REQUIRE(!balances);
  BOOST_TEST(balances.error().code == Errc::wrong_value_kind);
  BOOST_TEST(balances.error().message.find("'ledger/colour'") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
