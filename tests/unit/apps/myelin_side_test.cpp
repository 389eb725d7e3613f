// Small runs of Myelin's side: they end, which they do only when the receiver has counted every message, whatever the
// payload, the way, the number of workers, or a stop in their midst.
#include "bench/myelin_side.hpp"

#include <boost/test/unit_test.hpp>

using namespace myelin::tool;

BOOST_AUTO_TEST_SUITE(myelin_side)

BOOST_AUTO_TEST_CASE(every_payload_arrives_as_frames_on_one_worker_and_on_two) {
  for (const std::size_t workers : {1, 2}) {
    for (const std::size_t bytes : {8, 64, 1000, 1024, 1 << 20}) {
      for (const PayloadSource source : {PayloadSource::built, PayloadSource::passed_on}) {
        // Not a multiple of the window, so that the last window is short.
        const std::uint64_t messages = bytes > 1024 ? 50 : 5'000;
        const OneWay question{.payload_bytes = bytes, .source = source, .messages = messages, .workers = workers};
        BOOST_TEST(frames::one_way(question) > 0.0);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(small_payloads_arrive_as_batches_on_one_worker_and_on_two) {
  for (const std::size_t workers : {1, 2}) {
    for (const std::size_t bytes : {8, 64, 1024}) {
      // Full batches, short ones, and one of a single message.
      for (const std::uint64_t messages : {5'000, 1'025, 1}) {
        BOOST_TEST(batches::one_way({.payload_bytes = bytes, .messages = messages, .workers = workers}) > 0.0);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(batches_are_for_small_messages_that_are_built) {
  BOOST_TEST(batches::takes({.payload_bytes = 1024}));
  BOOST_TEST(!batches::takes({.payload_bytes = 1 << 20}));
  BOOST_TEST(!batches::takes({.payload_bytes = 8, .source = PayloadSource::passed_on}));
}

BOOST_AUTO_TEST_CASE(each_round_trip_is_a_sample) {
  for (const std::size_t workers : {1, 2}) {
    const RoundTrip question{.round_trips = 1'000, .workers = workers};
    BOOST_TEST(frames::round_trip(question) > 0.0);
    BOOST_TEST(batches::round_trip(question) > 0.0);
    BOOST_TEST(frames::round_trip_latencies(question).size() == 1'000U);
    BOOST_TEST(batches::round_trip_latencies(question).size() == 1'000U);
  }
}

BOOST_AUTO_TEST_CASE(agents_start_at_once_or_at_their_first_message) {
  BOOST_TEST(frames::spawn({.agents = 1'000, .lazy = true}) > 0.0);
  BOOST_TEST(frames::spawn({.agents = 1'000, .lazy = false}) > 0.0);
  BOOST_TEST(frames::spawn({.agents = 1'000, .lazy = false, .workers = 2}) > 0.0);
  BOOST_TEST(frames::bytes_per_agent(1'000) >= 0.0);
}

BOOST_AUTO_TEST_CASE(a_stop_ends_a_run_early) {
  std::stop_source stop;
  stop.request_stop();
  const std::uint64_t endless = std::uint64_t{1} << 60;
  BOOST_TEST(frames::one_way({.messages = endless, .stop = stop.get_token()}) == 0.0);
  BOOST_TEST(batches::one_way({.messages = endless, .stop = stop.get_token()}) == 0.0);
  BOOST_TEST(frames::round_trip({.round_trips = endless, .stop = stop.get_token()}) == 0.0);
}

BOOST_AUTO_TEST_SUITE_END()
