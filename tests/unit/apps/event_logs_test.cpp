#include "node/event_logs.hpp"

#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <sstream>

using namespace myelin;
using namespace myelin::tool;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> log =
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));

  Fixture() { log->set_pattern("%l %v"); }
  /// What was logged since the last time.
  std::string taken() {
    std::string all = text.str();
    text.str({});
    return all;
  }
};

cluster::View view_with(cluster::MemberState state, const std::string& address) {
  cluster::View view;
  view.members.resize(2);
  view.members[0].node = "other";
  view.members[0].address = address;
  view.members[0].state = state;
  view.members[1].node = "self";
  return view;
}

network::PeerStatus connected(const std::string& node) {
  network::PeerStatus status;
  status.node = node;
  status.connected = true;
  return status;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_logs, Fixture)

BOOST_AUTO_TEST_CASE(a_view_is_logged_where_it_changes) {
  using cluster::MemberState;
  ViewLog view{log, "self"};
  view.explain_by([](const std::string& node) { return node + " has no power"; });
  view.look_at(view_with(MemberState::up, "127.0.0.1:1"));
  BOOST_TEST(taken() == "info node 'other' is up\ninfo node 'other' is at 127.0.0.1:1\n");
  view.look_at(view_with(MemberState::up, "127.0.0.1:1"));
  BOOST_TEST(taken().empty());
  view.look_at(view_with(MemberState::down, "127.0.0.1:1"));
  BOOST_TEST(taken() == "warning node 'other' is down: other has no power\n");
  // Back at another port, which it tells a moment after it is up.
  view.look_at(view_with(MemberState::up, "127.0.0.1:1"));
  view.look_at(view_with(MemberState::up, "127.0.0.1:2"));
  BOOST_TEST(taken() == "info node 'other' is up\ninfo node 'other' is at 127.0.0.1:2\n");
  view.look_at(view_with(MemberState::left, "127.0.0.1:2"));
  BOOST_TEST(taken() == "info node 'other' has left\n");
  view.look_at(view_with(MemberState::up, "127.0.0.1:2"));
  static_cast<void>(taken());
  view.end();
  view.look_at(view_with(MemberState::down, ""));
  BOOST_TEST(taken().empty());
}

BOOST_AUTO_TEST_CASE(who_is_refused_again_and_again_is_told_once_a_minute_with_how_often) {
  RefusalLog refusals{log};
  const TimePoint now = Clock::now();
  const Error why{Errc::access_denied, "no certificate"};
  refusals.add("10.0.0.1:1", why, now);
  BOOST_TEST(taken() == "warning 10.0.0.1:1 was not let in: no certificate\n");
  for (int i = 0; i < 1000; ++i) refusals.add("10.0.0.1:2", why, now + 30s);
  BOOST_TEST(taken().empty());
  refusals.add("10.0.0.1:3", {Errc::access_denied, "another reason"}, now + 31s);
  BOOST_TEST(taken() == "warning 10.0.0.1:3 was not let in: another reason\n");
  refusals.add("10.0.0.1:4", why, now + 61s);
  BOOST_TEST(taken() == "warning 10.0.0.1:4 was not let in, as 1000 others since that was said last: no certificate\n");
  // However many reasons somebody thinks of.
  for (int i = 0; i < 1000; ++i) refusals.add("10.0.0.1:5", {Errc::access_denied, std::to_string(i)}, now + 62s);
  const std::string lines = taken();
  BOOST_TEST(std::ranges::count(lines, '\n') < 20);
  refusals.add("10.0.0.1:6", {Errc::access_denied, "a last one"}, now + 180s);
  BOOST_TEST(taken().find(" others were not let in within a minute\nwarning 10.0.0.1:6 was not let in: a last one") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_quorum_that_is_lost_is_told_once_and_when_it_is_back) {
  validator::CommitteeFile committee;
  for (const char* name : {"a", "b", "c", "d"})
    committee.members.push_back({.public_key = {}, .name = name, .address = {}});
  QuorumLog quorum{log, "a"};
  quorum.look_at(committee, {connected("b"), connected("c"), connected("tool")});
  BOOST_TEST(taken() == "info 3 of 4 validators are there: the shared memory goes on\n");
  quorum.look_at(committee, {connected("b")});
  BOOST_TEST(taken() == "warning 2 of 4 validators are there: the shared memory takes nothing until 3 are\n");
  quorum.look_at(committee, {});
  BOOST_TEST(taken().empty());
  quorum.look_at(committee, {connected("b"), connected("c"), connected("d")});
  BOOST_TEST(taken() == "info 4 of 4 validators are there: the shared memory goes on\n");
}

BOOST_AUTO_TEST_SUITE_END()
