#include <boost/test/unit_test.hpp>

#include "tasks_agents.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::Reply;
using myelin::Task;
using test::Destroyed;
using test::note_of;
using test::Runner;
using test::Successor;
using test::tick_of;
using namespace std::chrono_literals;

namespace {

struct Fixture : test::MeshFixture {
  std::vector<Reply<samples::Note>> kept;
  AgentRef successor = test.mesh().spawn<Successor>(&kept);
  int destroyed = 0;
  bool done = false;
};

Task<int> value_after(Runner& self, myelin::Duration duration, int value, int& destroyed) {
  const Destroyed counted{destroyed};
  co_await self.sleep(duration);
  co_return value;
}
Task<> throw_after(Runner& self, myelin::Duration duration) {
  co_await self.sleep(duration);
  throw std::runtime_error{"one of them threw"};
}
Task<int> at_once(int value, std::vector<int>& order) {
  order.push_back(value);
  co_return value;
}
Task<int> deep(int depth) {
  if (depth == 0) co_return 0;
  const auto [below] = co_await all(deep(depth - 1));
  co_return below + 1;
}

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

BOOST_FIXTURE_TEST_SUITE(groups, Fixture)

BOOST_AUTO_TEST_CASE(all_waits_for_different_things) {
  test.mesh().spawn<Runner>([this](Runner& self) -> Task<> {
    auto [answer, moment, worked, value] =
        co_await all(self.ask<samples::Tick>(successor, tick_of(1), 1s), self.sleep(2s),
                     self.offload([] { return std::string{"worked"}; }), value_after(self, 1s, 7, destroyed));
    static_assert(std::is_same_v<decltype(moment), std::monostate>);
    BOOST_TEST((*answer)->getValue() == 2U);
    BOOST_TEST(worked == "worked");
    BOOST_TEST(value == 7);
    done = true;
  });
  test.run();
  pass(1s);
  BOOST_TEST(!done);
  pass(1s);
  BOOST_TEST(done);
  BOOST_TEST(destroyed == 1);
}

BOOST_AUTO_TEST_CASE(all_asks_hundreds_at_once) {
  std::vector<AgentRef> agents;
  for (int i = 0; i < 300; ++i) agents.push_back(test.mesh().spawn<Successor>());
  test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    std::vector<myelin::PendingAnswer<samples::Tick>> questions;
    for (std::size_t i = 0; i < agents.size(); ++i)
      questions.push_back(self.ask<samples::Tick>(agents[i], tick_of(i), 1s));
    const auto answers = co_await all(std::move(questions));
    BOOST_REQUIRE(answers.size() == 300U);
    for (std::size_t i = 0; i < answers.size(); ++i) BOOST_TEST((*answers[i])->getValue() == i + 1);
    done = true;
  });
  test.run();
  BOOST_TEST(done);
}

BOOST_AUTO_TEST_CASE(all_keeps_apart_who_answered_and_who_did_not) {
  test.mesh().spawn<Runner>([this](Runner& self) -> Task<> {
    const auto [good, bad] = co_await all(self.ask<samples::Tick>(successor, tick_of(1), 1s),
                                          self.ask<samples::Note>(successor, note_of("keep"), 1s));
    BOOST_TEST(good.has_value());
    BOOST_TEST(bad.error().code == Errc::timeout);
    done = true;
  });
  test.run();
  pass(1s);
  BOOST_TEST(done);
}

BOOST_AUTO_TEST_CASE(all_of_nothing_is_there_at_once) {
  test.mesh().spawn<Runner>([this](Runner&) -> Task<> {
    const auto nothing = co_await all(std::vector<Task<int>>{});
    done = nothing.empty();
  });
  test.run();
  BOOST_TEST(done);
}

BOOST_AUTO_TEST_CASE(all_begins_its_tasks_in_order) {
  std::vector<int> order;
  test.mesh().spawn<Runner>([&](Runner&) -> Task<> {
    const auto [a, b, c] = co_await all(at_once(1, order), at_once(2, order), at_once(3, order));
    done = a == 1 && b == 2 && c == 3;
  });
  test.run();
  BOOST_TEST(done);
  BOOST_TEST(order == (std::vector<int>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(an_exception_ends_all_at_once_and_cancels_the_others) {
  test.mesh().spawn<Runner>([this](Runner& self) -> Task<> {
    try {
      co_await all(value_after(self, 1h, 1, destroyed), throw_after(self, 1s), value_after(self, 1h, 2, destroyed));
    } catch (const std::runtime_error& error) {
      BOOST_TEST(error.what() == "one of them threw");
      BOOST_TEST(destroyed == 2);
      done = true;
    }
  });
  test.run();
  BOOST_TEST(!done);
  pass(1s);
  BOOST_TEST(done);
}

BOOST_AUTO_TEST_CASE(any_with_a_sleep_is_a_timeout) {
  std::size_t first = 9;
  test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    first = (co_await any(self.ask<samples::Note>(successor, note_of("keep"), 1h), self.sleep(1s))).index();
    co_await self.sleep(1h);
  });
  test.run();
  pass(1s);
  BOOST_TEST(first == 1U);
  // The question was given up: its answer finds nobody.
  BOOST_REQUIRE(kept.size() == 1U);
  kept[0].send(note_of("too late"));
  test.run();
  BOOST_TEST(test.mesh().dead_letters().count(Errc::late_answer) == 1U);
}

BOOST_AUTO_TEST_CASE(any_gives_the_first_and_cancels_the_others) {
  test.mesh().spawn<Runner>([this](Runner& self) -> Task<> {
    const auto first = co_await any(value_after(self, 3s, 3, destroyed), value_after(self, 1s, 1, destroyed),
                                    value_after(self, 2s, 2, destroyed));
    BOOST_TEST(first.index() == 1U);
    BOOST_TEST(std::get<1>(first) == 1);
    BOOST_TEST(destroyed == 3);
    done = true;
    co_await self.sleep(1h);
  });
  test.run();
  BOOST_TEST(destroyed == 0);
  pass(1s);
  BOOST_TEST(done);
  pass(10s);
}

BOOST_AUTO_TEST_CASE(any_of_many_says_which) {
  test.mesh().spawn<Runner>([this](Runner& self) -> Task<> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(value_after(self, std::chrono::seconds{100 - i}, i, destroyed));
    const auto first = co_await any(std::move(tasks));
    BOOST_TEST(first.index == 99U);
    BOOST_TEST(first.value == 99);
    BOOST_TEST(destroyed == 100);
    done = true;
  });
  test.run();
  pass(1s);
  BOOST_TEST(done);
}

BOOST_AUTO_TEST_CASE(any_of_an_empty_vector_is_refused) {
  BOOST_CHECK_THROW(static_cast<void>(any(std::vector<Task<int>>{})), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_failed_ask_is_an_outcome_of_any) {
  test.mesh().spawn<Runner>([this](Runner& self) -> Task<> {
    const auto first = co_await any(self.ask<samples::Note>(AgentRef{}, note_of("nobody"), 1s), self.sleep(1s));
    BOOST_REQUIRE(first.index() == 0U);
    BOOST_TEST(std::get<0>(first).error().code == Errc::receiver_dead);
    done = true;
  });
  test.run();
  BOOST_TEST(done);
}

BOOST_AUTO_TEST_CASE(the_exception_of_the_first_is_thrown_by_any) {
  test.mesh().spawn<Runner>([this](Runner& self) -> Task<> {
    try {
      static_cast<void>(co_await any(throw_after(self, 1s), self.sleep(2s)));
    } catch (const std::runtime_error&) {
      done = true;
    }
  });
  test.run();
  pass(1s);
  BOOST_TEST(done);
}

BOOST_AUTO_TEST_CASE(any_does_not_wait_for_what_is_there_already) {
  std::vector<int> order;
  test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    auto answer = self.ask<samples::Tick>(successor, tick_of(1), 1s);
    co_await self.sleep(1s);
    const auto first = co_await any(at_once(1, order), std::move(answer));
    done = first.index() == 1;
  });
  test.run();
  pass(1s);
  BOOST_TEST(done);
  BOOST_TEST(order.empty());
}

BOOST_AUTO_TEST_CASE(groups_nest) {
  test.mesh().spawn<Runner>([this](Runner& self) -> Task<> {
    const auto first = co_await any(all(value_after(self, 1s, 1, destroyed), value_after(self, 2s, 2, destroyed)),
                                    all(self.sleep(1s), self.sleep(3s)));
    BOOST_REQUIRE(first.index() == 0U);
    BOOST_TEST((std::get<0>(first) == std::tuple{1, 2}));
    done = true;
  });
  test.run();
  pass(1s);
  BOOST_TEST(!done);
  pass(1s);
  BOOST_TEST(done);
}

BOOST_AUTO_TEST_CASE(deep_groups_do_not_grow_the_stack) {
  int depth = 0;
  test.mesh().spawn<Runner>([&](Runner&) -> Task<> { depth = co_await deep(20'000); });
  test.run();
  BOOST_TEST(depth == 20'000);
}

BOOST_AUTO_TEST_CASE(an_agent_that_stops_destroys_its_groups) {
  const AgentRef runner = test.mesh().spawn<Runner>([this](Runner& self) -> Task<> {
    co_await all(value_after(self, 1h, 1, destroyed), self.sleep(1h),
                 any(value_after(self, 1h, 1, destroyed), self.ask<samples::Note>(successor, note_of("keep"), 1h)));
  });
  test.run();
  test.mesh().stop_agent(runner);
  test.run();
  BOOST_TEST(destroyed == 2);
}

BOOST_AUTO_TEST_SUITE_END()
