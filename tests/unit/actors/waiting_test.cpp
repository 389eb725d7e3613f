#include "agent/waiting.hpp"

#include <boost/test/unit_test.hpp>

using myelin::Continuation;
using myelin::TimePoint;
using myelin::Waiting;

namespace {

struct Nothing : Continuation {
  void resume(myelin::Result<myelin::Frame>) override {}
};

Waiting::Item a_question() { return {.then = std::make_unique<Nothing>()}; }
Waiting::Item a_timer() { return {.then = std::make_unique<Nothing>(), .is_timer = true}; }

TimePoint at(int milliseconds) { return TimePoint{std::chrono::milliseconds{milliseconds}}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(waiting)

BOOST_AUTO_TEST_CASE(each_is_taken_once) {
  Waiting waiting;
  const auto id = waiting.add(at(1), a_question());
  BOOST_TEST(id != 0U);
  BOOST_TEST(id >> 60 == 0U);
  BOOST_TEST(waiting.take(id).has_value());
  BOOST_TEST(!waiting.take(id).has_value());
  BOOST_TEST(!waiting.take(id + 12345).has_value());
}

BOOST_AUTO_TEST_CASE(a_reused_slot_has_another_number) {
  Waiting waiting;
  const auto first = waiting.add(at(1), a_question());
  static_cast<void>(waiting.take(first));
  const auto second = waiting.add(at(1), a_question());
  BOOST_TEST(first != second);
  BOOST_TEST(!waiting.take(first).has_value());
  BOOST_TEST(waiting.take(second).has_value());
}

BOOST_AUTO_TEST_CASE(the_earliest_is_due_first_and_those_taken_are_not) {
  Waiting waiting;
  static_cast<void>(waiting.add(at(30), a_timer()));
  const auto early = waiting.add(at(10), a_question());
  static_cast<void>(waiting.add(at(20), a_question()));
  BOOST_TEST((waiting.next_due() == at(10)));
  static_cast<void>(waiting.take(early));
  BOOST_TEST((waiting.next_due() == at(20)));
  BOOST_TEST(!waiting.take_due(at(19)).has_value());
  BOOST_TEST((waiting.take_due(at(20))->item.is_timer == false));
  BOOST_TEST((waiting.take_due(at(99))->item.is_timer == true));
  BOOST_TEST(!waiting.take_due(at(99)).has_value());
  BOOST_TEST((waiting.next_due() == myelin::kNever));
}

BOOST_AUTO_TEST_CASE(an_answer_cannot_set_off_a_timer) {
  Waiting waiting;
  const auto timer = waiting.add(at(1), a_timer());
  BOOST_TEST(!waiting.take(timer).has_value());
  BOOST_TEST(waiting.take(timer, true).has_value());
}

BOOST_AUTO_TEST_CASE(a_million_answered_questions_leave_little_behind) {
  Waiting waiting;
  for (int round = 0; round < 1'000'000; ++round) {
    BOOST_REQUIRE(waiting.take(waiting.add(at(1'000'000), a_question())).has_value());
  }
  BOOST_TEST(waiting.size() == 0U);
  BOOST_TEST((waiting.next_due() == myelin::kNever));
}

BOOST_AUTO_TEST_CASE(a_repeating_timer_keeps_its_number) {
  Waiting waiting;
  const auto id = waiting.add(at(1), {.then = std::make_unique<Nothing>(), .is_timer = true, .repeats = true});
  for (int call = 1; call < 4; ++call) {
    auto due = waiting.take_due(at(call));
    BOOST_REQUIRE(due.has_value());
    BOOST_TEST(due->id == id);
    BOOST_TEST(due->item.repeats);
    BOOST_TEST(!waiting.take_due(at(call)).has_value());
    waiting.put_back(id, at(call + 1), std::move(due->item));
    BOOST_TEST((waiting.next_due() == at(call + 1)));
  }
  BOOST_TEST(waiting.take(id, true).has_value());
  BOOST_TEST(waiting.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_repeating_timer_taken_during_its_call_is_not_put_back) {
  Waiting waiting;
  const auto id = waiting.add(at(1), {.then = std::make_unique<Nothing>(), .is_timer = true, .repeats = true});
  auto due = waiting.take_due(at(1));
  BOOST_REQUIRE(due.has_value());
  static_cast<void>(waiting.take(id, true));
  BOOST_TEST(waiting.size() == 0U);
  const auto other = waiting.add(at(5), a_timer());  // in the same slot
  waiting.put_back(id, at(2), std::move(due->item));
  BOOST_TEST(waiting.size() == 1U);
  BOOST_TEST((waiting.next_due() == at(5)));
  BOOST_TEST(waiting.take(other, true).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
