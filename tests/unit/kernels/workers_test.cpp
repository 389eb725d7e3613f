#include "myelin/kernels/workers.hpp"

#include <sched.h>

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

// A helper that waits for the caller's own processor does not help.
BOOST_AUTO_TEST_CASE(helpers_keep_off_the_processor_of_the_caller) {
  cpu_set_t allowed;
  BOOST_REQUIRE(::sched_getaffinity(0, sizeof(allowed), &allowed) == 0);
  if (CPU_COUNT(&allowed) < 2) return;  // nowhere else to go
  const auto workers = Workers::make({.threads = 2}).value();
  bool together = false;
  for (int call = 0, processor = 0; call < 20; processor = (processor + 1) % CPU_SETSIZE) {
    if (!CPU_ISSET(processor, &allowed)) continue;
    ++call;
    std::thread caller{[&] {
      cpu_set_t here;
      CPU_ZERO(&here);
      CPU_SET(processor, &here);
      if (::sched_setaffinity(0, sizeof(here), &here) != 0) return;
      std::array<int, 2> ran_on{-1, -1};
      std::latch both{2};
      workers->run(2, [&](std::size_t, std::size_t seat) {
        ran_on.at(seat) = ::sched_getcpu();
        both.arrive_and_wait();
      });
      together = together || ran_on[0] == ran_on[1];
    }};
    caller.join();
  }
  BOOST_TEST(!together);
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
