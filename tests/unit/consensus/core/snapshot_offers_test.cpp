#include "core/snapshot_offers.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>

#include "cluster.hpp"

using namespace myelin::consensus;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  Committee committee = test::stub_committee(4);  // f is 1
  SnapshotOffers offers{committee, 1s};
  myelin::TimePoint now = myelin::TimePoint{} + 1h;

  static SnapshotPtr make(CommitIndex index) {
    Snapshot snapshot;
    snapshot.tail.before.index = index;
    return std::make_shared<const Snapshot>(std::move(snapshot));
  }
  bool has(const SnapshotPtr& snapshot) const {
    return offers.find([&](const Snapshot& offer) { return &offer == snapshot.get(); }) == snapshot;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(snapshot_offers, Fixture)

BOOST_AUTO_TEST_CASE(one_peer_is_asked_at_a_time) {
  BOOST_TEST(offers.ask(0, now));
  BOOST_TEST(!offers.ask(1, now + 999ms));
  BOOST_TEST(offers.ask(1, now + 1s));
}

BOOST_AUTO_TEST_CASE(who_was_asked_comes_after_those_who_were_not) {
  BOOST_TEST(offers.ask(0, now));
  BOOST_TEST(!offers.ask(0, now + 1s));
  BOOST_TEST(offers.ask(1, now + 1s));
  BOOST_TEST(!offers.ask(0, now + 2s));
  BOOST_TEST(!offers.ask(1, now + 2s));
  BOOST_TEST(offers.ask(2, now + 2s));
  // All were asked: anew.
  BOOST_TEST(offers.ask(0, now + 3s));
  BOOST_TEST(!offers.ask(0, now + 4s));
}

BOOST_AUTO_TEST_CASE(who_was_asked_is_asked_again_where_nobody_else_is_there) {
  BOOST_TEST(offers.ask(0, now));
  BOOST_TEST(offers.ask(1, now + 1s));
  BOOST_TEST(!offers.ask(0, now + 2s));
  BOOST_TEST(offers.ask(0, now + 3s));
  BOOST_TEST(!offers.ask(0, now + 4s));
  BOOST_TEST(offers.ask(1, now + 4s));
}

BOOST_AUTO_TEST_CASE(an_answer_is_awaited_once_from_who_was_asked) {
  BOOST_TEST(!offers.answered_by(0));
  BOOST_TEST(offers.ask(0, now));
  BOOST_TEST(!offers.answered_by(1));
  BOOST_TEST(offers.answered_by(0));
  BOOST_TEST(!offers.answered_by(0));
}

BOOST_AUTO_TEST_CASE(a_liar_replaces_only_what_it_offered_itself) {
  const SnapshotPtr good = make(1), first = make(2), second = make(3);
  offers.add(2, good);
  offers.add(0, first);
  offers.add(0, second);
  BOOST_TEST(has(good));
  BOOST_TEST(!has(first));
  BOOST_TEST(has(second));
}

BOOST_AUTO_TEST_CASE(so_many_are_kept_that_one_is_honest) {
  const SnapshotPtr offered[] = {make(1), make(2), make(3)};
  for (ValidatorIndex peer = 0; peer < 3; ++peer) offers.add(peer, offered[peer]);
  BOOST_TEST(!has(offered[0]));
  BOOST_TEST(has(offered[1]));
  BOOST_TEST(has(offered[2]));
}

BOOST_AUTO_TEST_CASE(what_is_of_no_use_goes) {
  const SnapshotPtr low = make(1), high = make(2);
  offers.add(0, low);
  offers.add(1, high);
  offers.remove_if([](const Snapshot& offer) { return offer.tail.before.index < 2; });
  BOOST_TEST(!has(low));
  BOOST_TEST(has(high));
  offers.clear();
  BOOST_TEST(!has(high));
}

BOOST_AUTO_TEST_SUITE_END()
