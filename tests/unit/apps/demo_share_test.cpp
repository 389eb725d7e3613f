#include "demos/digits/share.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

using myelin::digits::dealt;
using myelin::digits::share_of;

BOOST_AUTO_TEST_SUITE(demo_share)

BOOST_AUTO_TEST_CASE(everything_is_dealt_out_and_no_two_shares_differ_by_more_than_one) {
  for (const std::uint64_t items : {0U, 1U, 7U, 100U, 101U}) {
    for (const std::uint64_t takers : {1U, 3U, 100U}) {
      std::vector<std::uint64_t> shares;
      std::uint64_t sum = 0;
      for (std::uint64_t taker = 0; taker < takers; ++taker) {
        shares.push_back(dealt(items, taker, takers));
        sum += shares.back();
      }
      const auto [least, most] = std::ranges::minmax(shares);
      BOOST_TEST(sum == items);
      BOOST_TEST(most - least <= 1U);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_image_counts_once_whatever_the_number_of_agents) {
  constexpr std::size_t kImages = 359;
  for (const std::size_t agents : {1U, 20U, 358U, 359U, 360U, 1000U}) {
    std::vector<int> counted(kImages);
    for (std::size_t agent = 0; agent < agents; ++agent) {
      const auto share = share_of(agent, agents, kImages);
      BOOST_REQUIRE(!share.images.empty());
      for (const auto image : share.images) counted.at(image) += share.counts ? 1 : 0;
    }
    BOOST_TEST(std::ranges::all_of(counted, [](int times) { return times == 1; }), agents << " agents");
  }
}

BOOST_AUTO_TEST_CASE(as_many_requests_as_images_are_enough_to_ask_about_each) {
  constexpr std::size_t kImages = 359;
  for (const std::size_t agents : {1U, 20U, 359U, 1000U}) {
    for (std::size_t agent = 0; agent < agents; ++agent) {
      const auto share = share_of(agent, agents, kImages);
      if (share.counts) BOOST_TEST(dealt(kImages, agent, agents) >= share.images.size());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
