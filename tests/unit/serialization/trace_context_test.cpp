#include "myelin/serialization/trace_context.hpp"

#include <boost/test/unit_test.hpp>

using myelin::Errc;
using myelin::parse_traceparent;
using myelin::to_traceparent;

BOOST_AUTO_TEST_SUITE(trace_context)

BOOST_AUTO_TEST_CASE(the_standards_example_reads_and_writes) {
  const std::string text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto trace = parse_traceparent(text);
  BOOST_REQUIRE(trace.has_value());
  BOOST_TEST(trace->span_id == 0x00f067aa0ba902b7U);
  BOOST_TEST((trace->trace_id[0] == std::byte{0x4b}));
  BOOST_TEST((trace->trace_id[15] == std::byte{0x36}));
  BOOST_TEST(to_traceparent(*trace) == text);
}

BOOST_AUTO_TEST_CASE(a_later_version_may_be_longer) {
  BOOST_TEST(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").has_value());
  BOOST_TEST(!parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more").has_value());
}

BOOST_AUTO_TEST_CASE(what_is_no_traceparent_is_refused_and_named) {
  for (const char* wrong : {
           "",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
           "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       }) {
    const auto trace = parse_traceparent(wrong);
    BOOST_REQUIRE_MESSAGE(!trace.has_value(), wrong);
    BOOST_TEST((trace.error().code == Errc::invalid_argument));
    BOOST_TEST(trace.error().message.find(wrong) != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
