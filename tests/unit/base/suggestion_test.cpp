#include "myelin/base/suggestion.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using myelin::edit_distance;
using myelin::nearest;

BOOST_AUTO_TEST_SUITE(suggestion)

BOOST_AUTO_TEST_CASE(distance_counts_insertions_removals_replacements_and_swaps) {
  BOOST_TEST(edit_distance("", "") == 0U);
  BOOST_TEST(edit_distance("", "demo") == 4U);
  BOOST_TEST(edit_distance("demo", "") == 4U);
  BOOST_TEST(edit_distance("demo", "demo") == 0U);
  BOOST_TEST(edit_distance("dmo", "demo") == 1U);
  BOOST_TEST(edit_distance("demoo", "demo") == 1U);
  BOOST_TEST(edit_distance("dimo", "demo") == 1U);
  BOOST_TEST(edit_distance("edmo", "demo") == 1U);
  BOOST_TEST(edit_distance("kitten", "sitting") == 3U);
}

BOOST_AUTO_TEST_CASE(a_slip_finds_the_word_meant) {
  const std::vector<std::string> words{"bench", "demo", "node"};
  BOOST_TEST(nearest("dmo", words).value_or("") == "demo");
  BOOST_TEST(nearest("bnech", words).value_or("") == "bench");
  BOOST_TEST(nearest("nodes", words).value_or("") == "node");
}

BOOST_AUTO_TEST_CASE(a_beginning_finds_the_whole_word) {
  const std::vector<std::string> words{"--json", "--repetitions"};
  BOOST_TEST(nearest("--rep", words).value_or("") == "--repetitions");
}

BOOST_AUTO_TEST_CASE(a_word_like_none_gets_no_guess) {
  const std::vector<std::string> words{"bench", "demo"};
  BOOST_TEST(!nearest("consensus", words).has_value());
  BOOST_TEST(!nearest("x", words).has_value());
  BOOST_TEST(!nearest("demo", {}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
