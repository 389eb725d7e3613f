// The checker of client histories is itself checked, with histories that are right and histories that are wrong.
#include "checkers/linearizability.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "checkers/client_history.hpp"
#include "checkers/violation.hpp"

using myelin::Duration;
using myelin::sim::check_linearizable;
using myelin::sim::ClientHistory;
using myelin::sim::Interval;
using myelin::sim::Linearizable;
using myelin::sim::Request;
using myelin::sim::Violation;
using namespace myelin::consensus;

namespace {

/// An operation on one register: a write of `value`, or a read that found it. `to` 0: it never returned.
struct Step {
  char kind;
  std::string value;
  int from;
  int to;
};

Linearizable check(const std::vector<Step>& steps) {
  std::vector<Interval> intervals;
  for (const Step& step : steps) {
    intervals.push_back({Duration{step.from}, step.to == 0 ? std::nullopt : std::optional{Duration{step.to}}});
  }
  return check_linearizable(intervals, "", [&](std::string& state, std::size_t i) {
    if (steps[i].kind == 'w') {
      state = steps[i].value;
      return true;
    }
    return steps[i].to == 0 || state == steps[i].value;
  });
}

Reply told(Status status, std::string bytes = {}) {
  Reply reply;
  reply.status = status;
  if (!bytes.empty()) {
    reply.value.kind = ValueKind::bytes;
    reply.value.bytes = std::move(bytes);
  }
  return reply;
}

Reply told_number(std::int64_t number) {
  Reply reply;
  reply.value.kind = ValueKind::number;
  reply.value.number = number;
  return reply;
}

/// Calls and returns at once after one another.
void add(ClientHistory& history, ClientId client, const Request& request, const Reply& reply, int from, int to) {
  history.returned(history.called(client, request, Duration{from}), reply, Duration{to});
}

bool is_refused(const ClientHistory& history) {
  try {
    (void)history.check();
    return false;
  } catch (const Violation& violation) {
    return violation.invariant == "client histories are linearizable";
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(linearizability)

BOOST_AUTO_TEST_CASE(nothing_is_in_order) { BOOST_TEST((check({}) == Linearizable::yes)); }

BOOST_AUTO_TEST_CASE(a_read_finds_what_was_written_before) {
  BOOST_TEST((check({{'w', "a", 1, 2}, {'r', "a", 3, 4}}) == Linearizable::yes));
  BOOST_TEST((check({{'w', "a", 1, 2}, {'r', "", 3, 4}}) == Linearizable::no));
}

BOOST_AUTO_TEST_CASE(what_overlaps_may_come_in_either_order) {
  BOOST_TEST((check({{'w', "a", 1, 4}, {'r', "a", 2, 3}}) == Linearizable::yes));
  BOOST_TEST((check({{'w', "a", 1, 4}, {'r', "", 2, 3}}) == Linearizable::yes));
}

BOOST_AUTO_TEST_CASE(two_reads_do_not_go_back_in_time) {
  BOOST_TEST((check({{'w', "a", 1, 9}, {'r', "a", 2, 3}, {'r', "a", 4, 5}}) == Linearizable::yes));
  BOOST_TEST((check({{'w', "a", 1, 9}, {'r', "a", 2, 3}, {'r', "", 4, 5}}) == Linearizable::no));
}

BOOST_AUTO_TEST_CASE(an_open_operation_may_take_effect_late_or_never) {
  BOOST_TEST((check({{'w', "a", 1, 0}, {'r', "", 2, 3}, {'r', "a", 4, 5}}) == Linearizable::yes));
  BOOST_TEST((check({{'w', "a", 1, 0}, {'r', "", 2, 3}, {'r', "", 4, 5}}) == Linearizable::yes));
  BOOST_TEST((check({{'w', "a", 1, 0}, {'r', "a", 2, 3}, {'r', "", 4, 5}}) == Linearizable::no));
  BOOST_TEST((check({{'r', "a", 2, 3}, {'w', "a", 4, 0}}) == Linearizable::no));
}

BOOST_AUTO_TEST_CASE(a_search_that_takes_too_long_says_so) {
  const std::vector<Interval> all(12, Interval{Duration{1}, Duration{2}});
  const auto never = [](std::string& state, std::size_t i) {
    state += static_cast<char>('a' + static_cast<int>(i));
    return state.size() < 12;
  };
  BOOST_TEST((check_linearizable(all, "", never, 1'000) == Linearizable::unknown));
}

BOOST_AUTO_TEST_CASE(a_lost_update_is_found) {
  const Request increment{.kind = Request::Kind::fetch_add, .key = "c0", .number = 1};
  ClientHistory good;
  add(good, 1, increment, told_number(1), 1, 5);
  add(good, 2, increment, told_number(2), 2, 6);
  BOOST_TEST(!is_refused(good));
  ClientHistory bad;
  add(bad, 1, increment, told_number(1), 1, 5);
  add(bad, 2, increment, told_number(1), 2, 6);
  BOOST_TEST(is_refused(bad));
}

BOOST_AUTO_TEST_CASE(a_register_is_compared_and_set_once) {
  const auto cas = [](std::string to) {
    return Request{.kind = Request::Kind::cas, .key = "r0", .other = "a", .value = std::move(to)};
  };
  ClientHistory history;
  add(history, 1, {.kind = Request::Kind::put, .key = "r0", .value = "a"}, told(Status::ok), 1, 2);
  add(history, 1, cas("b"), told(Status::ok), 3, 6);
  ClientHistory bad = history;
  add(history, 2, cas("c"), told(Status::mismatch, "b"), 4, 7);
  add(bad, 2, cas("c"), told(Status::ok), 4, 7);
  BOOST_TEST(!is_refused(history));
  BOOST_TEST(is_refused(bad));
}

BOOST_AUTO_TEST_CASE(accounts_are_one_object) {
  // Money that has left one account and not reached the other is seen by nobody.
  ClientHistory history;
  add(history, 1, {.kind = Request::Kind::add, .key = "a0", .number = 10}, told(Status::ok), 1, 2);
  add(history, 1, {.kind = Request::Kind::transfer, .key = "a0", .other = "a1", .number = 4}, told(Status::ok), 3, 4);
  const auto balance = [](std::string key, std::int64_t number) {
    KeyValue of;
    of.key = std::move(key);
    of.value.kind = ValueKind::number;
    of.value.number = number;
    return of;
  };
  const Request read{.kind = Request::Kind::read_accounts};
  ClientHistory bad = history;
  Reply seen;
  seen.entries = {balance("a0", 6), balance("a1", 4)};
  add(history, 2, read, seen, 5, 6);
  BOOST_TEST(!is_refused(history));
  seen.entries = {balance("a0", 6), balance("a1", 0)};
  add(bad, 2, read, seen, 5, 6);
  BOOST_TEST(is_refused(bad));
}

BOOST_AUTO_TEST_CASE(a_task_is_claimed_by_one) {
  const Request claim{.kind = Request::Kind::claim, .key = "t0", .number = myelin::sim::kLongLease};
  Reply lease;
  lease.value.kind = ValueKind::lease;
  lease.value.token = 7;
  ClientHistory good;
  add(good, 1, claim, lease, 1, 5);
  add(good, 2, claim, told(Status::held), 2, 6);
  BOOST_TEST(!is_refused(good));
  ClientHistory bad;
  add(bad, 1, claim, lease, 1, 5);
  add(bad, 2, claim, lease, 2, 6);
  BOOST_TEST(is_refused(bad));
}

BOOST_AUTO_TEST_SUITE_END()
