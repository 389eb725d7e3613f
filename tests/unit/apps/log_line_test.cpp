#include "operation/log_line.hpp"

#include <boost/test/unit_test.hpp>

using myelin::tool::LogLevel;
using myelin::tool::LogLine;
using myelin::tool::parse_log_line;

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(time_level_and_text_are_taken_apart) {
  const LogLine line = parse_log_line("2026-11-22T21:35:00.123+0000 warning a seed  cannot be had", LogLevel::info);
  BOOST_TEST(line.time == "2026-11-22T21:35:00.123+0000");
  BOOST_TEST((line.level == LogLevel::warning));
  BOOST_TEST(line.text == "a seed  cannot be had");
  BOOST_TEST(parse_log_line("2026-11-22T21:35:00.123+0000 info", LogLevel::error).text.empty());
}

BOOST_AUTO_TEST_CASE(a_further_line_has_the_level_of_its_message) {
  for (const char* text : {"", "and more", "2026-11-22 warning no time", "2026-11-22T21:35:00.123+0000 loud text"}) {
    const LogLine line = parse_log_line(text, LogLevel::error);
    BOOST_TEST(line.time.empty());
    BOOST_TEST((line.level == LogLevel::error), text);
    BOOST_TEST(line.text == text);
  }
}

BOOST_AUTO_TEST_CASE(levels_have_an_order_and_names) {
  BOOST_TEST((LogLevel::debug < LogLevel::warning && LogLevel::warning < LogLevel::critical));
  for (const LogLevel level : {LogLevel::trace, LogLevel::warning, LogLevel::critical}) {
    BOOST_TEST((myelin::tool::parse_level(to_string(level)) == level));
  }
  BOOST_TEST(!myelin::tool::parse_level("loud"));
}

BOOST_AUTO_TEST_SUITE_END()
