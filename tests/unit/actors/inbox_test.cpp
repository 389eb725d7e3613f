#include "runtime/inbox.hpp"

#include <boost/test/unit_test.hpp>

using myelin::EntryKind;
using myelin::Inbox;
using myelin::Lane;
using myelin::QueueLink;

namespace {

QueueLink entry(Lane lane) {
  QueueLink link;
  link.kind = myelin::entry_tag(EntryKind::message, lane);
  return link;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(inbox)

BOOST_AUTO_TEST_CASE(only_the_first_push_to_a_sleeper_wakes_it) {
  Inbox inbox;
  QueueLink a = entry(Lane::normal), b = entry(Lane::normal);
  BOOST_TEST(inbox.try_block());
  BOOST_TEST((inbox.push(&a) == Inbox::Push::wake));
  BOOST_TEST((inbox.push(&b) == Inbox::Push::queued));
  BOOST_TEST(!inbox.try_block());
  BOOST_TEST(inbox.refill());
  BOOST_TEST(!inbox.try_block());  // entries wait in the lanes
  BOOST_TEST(inbox.pop() == &a);
  BOOST_TEST(inbox.pop() == &b);
  BOOST_TEST(inbox.pop() == nullptr);
  BOOST_TEST(!inbox.refill());
  BOOST_TEST(inbox.try_block());
}

BOOST_AUTO_TEST_CASE(after_closing_nothing_enters_and_all_that_waited_is_dropped_in_order) {
  Inbox inbox;
  QueueLink a = entry(Lane::normal), b = entry(Lane::normal), c = entry(Lane::control), d = entry(Lane::normal);
  BOOST_TEST((inbox.push(&a) == Inbox::Push::queued));
  inbox.refill();
  BOOST_TEST((inbox.push(&b) == Inbox::Push::queued));
  BOOST_TEST((inbox.push(&c) == Inbox::Push::queued));
  std::vector<QueueLink*> dropped;
  inbox.close([&](QueueLink* link) { dropped.push_back(link); });
  BOOST_TEST(dropped == (std::vector<QueueLink*>{&c, &a, &b}), boost::test_tools::per_element());
  BOOST_TEST((inbox.push(&d) == Inbox::Push::closed));
  BOOST_TEST(inbox.is_closed());
  inbox.close([&](QueueLink*) { BOOST_ERROR("closed twice"); });
}

BOOST_AUTO_TEST_SUITE_END()
