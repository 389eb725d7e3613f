#include "terminal/units.hpp"

#include <boost/test/unit_test.hpp>

using namespace myelin::tool;

BOOST_AUTO_TEST_SUITE(units)

BOOST_AUTO_TEST_CASE(numbers_have_three_digits_and_a_prefix) {
  BOOST_TEST(format_number(0) == "0");
  BOOST_TEST(format_number(0.03125) == "0.0312");
  BOOST_TEST(format_number(1) == "1.00");
  BOOST_TEST(format_number(456) == "456");
  BOOST_TEST(format_number(5'750'000) == "5.75 M");
  BOOST_TEST(format_number(-2'670) == "-2.67 k");
  BOOST_TEST(format_number(3e15) == "3000 T");
}

BOOST_AUTO_TEST_CASE(rounding_up_takes_the_next_prefix) {
  BOOST_TEST(format_number(999.4) == "999");
  BOOST_TEST(format_number(999.6) == "1.00 k");
  BOOST_TEST(format_number(9.996) == "10.0");
  BOOST_TEST(format_number(99.96) == "100");
}

BOOST_AUTO_TEST_CASE(durations_climb_from_nanoseconds_to_seconds) {
  BOOST_TEST(format_duration_ns(35.24) == "35.2 ns");
  BOOST_TEST(format_duration_ns(1'200) == "1.20 us");
  BOOST_TEST(format_duration_ns(7.5e6) == "7.50 ms");
  BOOST_TEST(format_duration_ns(3e9) == "3.00 s");
  BOOST_TEST(format_duration_ns(5e12) == "5000 s");
}

BOOST_AUTO_TEST_CASE(bytes_use_binary_prefixes) {
  BOOST_TEST(format_bytes(8) == "8 B");
  BOOST_TEST(format_bytes(1218.4) == "1.19 KiB");
  BOOST_TEST(format_bytes(1536) == "1.50 KiB");
  BOOST_TEST(format_bytes(3 << 20) == "3.00 MiB");
}

BOOST_AUTO_TEST_CASE(counts_are_grouped_by_three) {
  BOOST_TEST(format_count(0) == "0");
  BOOST_TEST(format_count(359) == "359");
  BOOST_TEST(format_count(1'797) == "1,797");
  BOOST_TEST(format_count(1'234'567) == "1,234,567");
  BOOST_TEST(format_count(-999) == "-999");
  BOOST_TEST(format_count(-1'000) == "-1,000");
}

BOOST_AUTO_TEST_CASE(percent_has_one_decimal) { BOOST_TEST(format_percent(0.9812) == "98.1 %"); }

BOOST_AUTO_TEST_SUITE_END()
