#include "terminal/table.hpp"

#include <boost/test/unit_test.hpp>

#include "terminal/terminal.hpp"

using myelin::tool::display_width;
using myelin::tool::Table;

BOOST_AUTO_TEST_SUITE(table)

BOOST_AUTO_TEST_CASE(columns_are_as_wide_as_their_widest_cell) {
  Table table{{{"name", Table::Align::left}, {"count"}}};
  table.add_row({"a", "1"});
  table.add_row({"a longer name", "1,000,000"});
  BOOST_TEST(table.to_string() ==
             "name               count\n"
             "-------------  ---------\n"
             "a                      1\n"
             "a longer name  1,000,000\n");
}

BOOST_AUTO_TEST_CASE(no_line_ends_in_spaces) {
  Table table{{{"count"}, {"name", Table::Align::left}}};
  table.add_row({"1", "x"});
  table.add_row({"2", ""});
  BOOST_TEST(table.to_string() ==
             "count  name\n"
             "-----  ----\n"
             "    1  x\n"
             "    2\n");
}

BOOST_AUTO_TEST_CASE(width_counts_characters_not_bytes) {
  BOOST_TEST(display_width("\u2581\u2588") == 2U);
  Table table{{{"x", Table::Align::left}, {"y"}}};
  table.add_row({"\u2588\u2588", "1"});
  table.add_row({"ab", "2"});
  BOOST_TEST(table.to_string() == "x   y\n--  -\n\u2588\u2588  1\nab  2\n");
}

BOOST_AUTO_TEST_CASE(a_row_of_another_length_is_refused) {
  Table table{{{"x"}, {"y"}}};
  BOOST_CHECK_THROW(table.add_row({"1"}), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
