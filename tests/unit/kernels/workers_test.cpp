#include "myelin/kernels/workers.hpp"

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <latch>
#include <thread>
#include <vector>

using namespace myelin::kernels;
using myelin::Errc;

BOOST_AUTO_TEST_SUITE(workers)

BOOST_AUTO_TEST_CASE(every_piece_is_done_once) {
  const auto workers = Workers::make({.threads = 4}).value();
  BOOST_TEST(workers->threads() == 4U);
  for (const std::size_t pieces : {0, 1, 2, 3, 100}) {
    std::vector<std::atomic<int>> done(pieces);
    for (int round = 1; round <= 50; ++round) {
      workers->run(pieces, [&](std::size_t piece, std::size_t) { ++done[piece]; });
      for (const auto& count : done) BOOST_REQUIRE(count == round);
    }
  }
}

BOOST_AUTO_TEST_CASE(pieces_that_run_at_once_have_seats_of_their_own) {
  const auto workers = Workers::make({.threads = 3}).value();
  std::array<std::atomic<int>, 3> sitting{};
  std::atomic<bool> shared{false};
  for (int round = 0; round < 200; ++round) {
    workers->run(20, [&](std::size_t, std::size_t seat) {
      if (sitting.at(seat).fetch_add(1) != 0) shared = true;
      sitting.at(seat).fetch_sub(1);
    });
  }
  BOOST_TEST(!shared);
}

// Two pieces that wait for each other: with one thread the call would never end.
BOOST_AUTO_TEST_CASE(helpers_work_beside_the_caller) {
  const auto workers = Workers::make({.threads = 2}).value();
  std::latch both{2};
  workers->run(2, [&](std::size_t, std::size_t) { both.arrive_and_wait(); });
}

// The only helper is kept by a first call, which waits for the second one to end: so that must do without.
BOOST_AUTO_TEST_CASE(a_call_ends_while_the_helpers_serve_another) {
  const auto workers = Workers::make({.threads = 2}).value();
  std::latch begun{2};
  std::latch ended{1};
  std::jthread first{[&] {
    workers->run(2, [&](std::size_t, std::size_t) {
      begun.arrive_and_wait();
      ended.wait();
    });
  }};
  begun.wait();
  int done = 0;
  workers->run(10, [&](std::size_t, std::size_t seat) {
    BOOST_TEST(seat == 0U);
    ++done;
  });
  BOOST_TEST(done == 10);
  ended.count_down();
}

BOOST_AUTO_TEST_CASE(a_piece_may_call_for_help_itself) {
  const auto workers = Workers::make({.threads = 2}).value();
  std::atomic<int> done{0};
  workers->run(4, [&](std::size_t, std::size_t) { workers->run(4, [&](std::size_t, std::size_t) { ++done; }); });
  BOOST_TEST(done == 16);
}

BOOST_AUTO_TEST_CASE(threads_that_share_workers_get_all_their_pieces_done) {
  const auto workers = Workers::make({.threads = 2}).value();
  std::array<std::atomic<int>, 3> done{};
  {
    std::vector<std::jthread> callers;
    for (auto& count : done) {
      callers.emplace_back([&] {
        for (int i = 0; i < 300; ++i) workers->run(5, [&](std::size_t, std::size_t) { ++count; });
      });
    }
  }
  for (const auto& count : done) BOOST_TEST(count == 1500);
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_named) {
  const auto none = Workers::make({.threads = 0});
  BOOST_REQUIRE(!none.has_value());
  BOOST_TEST((none.error().code == Errc::invalid_argument));
  BOOST_TEST(none.error().message == "threads is 0: choose 1 to 64");
  BOOST_TEST(!Workers::make({.threads = kWorkersMax + 1}).has_value());
  BOOST_TEST(!Workers::make({.threads = 2, .niceness = -1}).has_value());
  BOOST_TEST(!Workers::make({.threads = 2, .niceness = 20}).has_value());
  BOOST_TEST(Workers::make({.threads = 1}).value()->threads() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
