// Small runs: the measured programs end, whatever the payload, the number of workers, or a stop in their midst.
#include "bench/raw_caf.hpp"

#include <boost/test/unit_test.hpp>

using namespace myelin::tool;

BOOST_AUTO_TEST_SUITE(raw_caf)

BOOST_AUTO_TEST_CASE(every_payload_arrives_on_one_worker_and_on_two) {
  for (const std::size_t workers : {1, 2}) {
    for (const std::size_t bytes : {8, 64, 1024, 1 << 20}) {
      for (const PayloadSource source : {PayloadSource::built, PayloadSource::passed_on}) {
        // Not a multiple of the window, so that the last window is short.
        const std::uint64_t messages = bytes > 1024 ? 50 : 5'000;
        const OneWay question{.payload_bytes = bytes, .source = source, .messages = messages, .workers = workers};
        BOOST_TEST(myelin::tool::raw_caf::one_way(question) > 0.0);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(windows_are_bounded_in_messages_and_bytes) {
  BOOST_TEST(OneWay{.payload_bytes = 8}.window() == 1024U);
  BOOST_TEST(OneWay{.payload_bytes = 1 << 20}.window() == 4U);
  BOOST_TEST(OneWay{.payload_bytes = std::size_t{1} << 30}.window() == 1U);
  BOOST_TEST((OneWay{.payload_bytes = 1 << 20, .source = PayloadSource::passed_on}.window() == 1024U));
}

BOOST_AUTO_TEST_CASE(each_round_trip_is_a_sample) {
  BOOST_TEST(myelin::tool::raw_caf::round_trip({.round_trips = 1'000}) > 0.0);
  BOOST_TEST(myelin::tool::raw_caf::round_trip_latencies({.round_trips = 1'000, .workers = 2}).size() == 1'000U);
}

BOOST_AUTO_TEST_CASE(agents_start_at_once_or_at_their_first_message) {
  BOOST_TEST(myelin::tool::raw_caf::spawn({.agents = 1'000, .lazy = true}) > 0.0);
  BOOST_TEST(myelin::tool::raw_caf::spawn({.agents = 1'000, .lazy = false}) > 0.0);
}

BOOST_AUTO_TEST_CASE(a_stop_ends_a_run_early) {
  std::stop_source stop;
  stop.request_stop();
  const std::uint64_t endless = std::uint64_t{1} << 60;
  BOOST_TEST(myelin::tool::raw_caf::one_way({.messages = endless, .stop = stop.get_token()}) == 0.0);
  BOOST_TEST(myelin::tool::raw_caf::round_trip({.round_trips = endless, .stop = stop.get_token()}) == 0.0);
}

BOOST_AUTO_TEST_SUITE_END()
