#include "myelin/validator/key_pattern.hpp"

#include <boost/test/unit_test.hpp>

namespace myelin::validator {

BOOST_AUTO_TEST_SUITE(pattern)

BOOST_AUTO_TEST_CASE(a_star_takes_any_characters) {
  BOOST_TEST(matches("project_*", "project_"));
  BOOST_TEST(matches("project_*", "project_7/plan"));
  BOOST_TEST(!matches("project_*", "projects"));
  BOOST_TEST(matches("*_plan_*", "a_b_plan_c"));
  BOOST_TEST(matches("a*b*c", "aXbYbZc"));
  BOOST_TEST(!matches("a*b*c", "aXbYbZ"));
  BOOST_TEST(matches("**", ""));
}

BOOST_AUTO_TEST_CASE(a_question_mark_takes_one) {
  BOOST_TEST(matches("task?", "task1"));
  BOOST_TEST(!matches("task?", "task"));
  BOOST_TEST(!matches("task?", "task12"));
}

BOOST_AUTO_TEST_CASE(what_is_looked_at_lies_between_prefix_and_its_end) {
  BOOST_TEST(literal_prefix("project_*_x") == "project_");
  BOOST_TEST(literal_prefix("plain") == "plain");
  BOOST_TEST(end_of_prefix("ab") == "ac");
  BOOST_TEST(end_of_prefix("a\xff\xff") == "b");
  BOOST_TEST(end_of_prefix("\xff").empty());
  BOOST_TEST(end_of_prefix("").empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::validator
