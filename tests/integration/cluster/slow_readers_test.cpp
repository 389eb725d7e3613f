// Who does not read what he is sent costs a node a bounded amount of memory, and nobody else anything.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "greeting.capnp.h"
#include "myelin/actors/dead_letters.hpp"
#include "myelin/network/limits.hpp"
#include "onlooker.hpp"
#include "stranger.hpp"
#include "traffic.hpp"
#include "whole_nodes.hpp"

using namespace myelin;
using namespace myelin::test;
using network::RecordKind;
using network::Role;

namespace {

/// What may wait for one node, what may come from another, and what the allocator and frames' heads take.
constexpr std::size_t kMemoryMax =
    network::limits::kNodeQueueBytesMax + network::limits::kNodeWindowBytes + (std::size_t{64} << 20);
/// More than that.
constexpr std::size_t kSaidMax = 2 * kMemoryMax;

/// The most memory that a process had when somebody looked.
class Peak {
 public:
  explicit Peak(pid_t process) : process_{process}, before_{resident_bytes(process)} {}
  void look() { most_ = std::max(most_, resident_bytes(process_)); }
  void require_bounded(const std::string& what) {
    look();
    const std::size_t growth = most_ - std::min(most_, before_);
    BOOST_TEST_MESSAGE(what << ": " << (growth >> 20) << " MiB more at most");
    if (!kIsSanitized) BOOST_TEST(growth < kMemoryMax);
  }

 private:
  const pid_t process_;
  const std::size_t before_;
  std::size_t most_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(slow_readers)

BOOST_AUTO_TEST_CASE(who_asks_and_does_not_read_the_answers) {
  for (const std::size_t bytes : {std::size_t{3}, std::size_t{60'000}}) {
    WholeNodes nodes;
    Onlooker eye{nodes};
    nodes.start({.name = "a", .address = loopback_address(0)});
    eye.look_at("a", loopback_address(0));
    eye.require_whole({"a"});
    Peak peak{nodes["a"].id()};
    Stranger stranger{loopback_address(0)};
    BOOST_TEST(stranger.secure(nodes.credentials("evil")));
    stranger.say(hello_of("evil", Role::node) + record(RecordKind::name, "greeter", 1));
    const std::string frame =
        frame_of<node_test::Hello>([&](node_test::Hello::Builder hello) { hello.setName(std::string(bytes, 'x')); }, 4);
    // Until he is cut off, for he has not read, or has sent more than he was given credit for; or this is enough.
    std::uint32_t question = 0;
    std::size_t said = 0;
    for (bool goes_on = true; goes_on && said < kSaidMax; peak.look()) {
      std::string many;
      for (int i = 0; i < 100; ++i) many += record(RecordKind::question, frame, 1, ++question);
      goes_on = stranger.say(many);
      said += many.size();
    }
    BOOST_TEST_MESSAGE("asked " << question << " times, " << (said >> 20) << " MiB");
    peak.require_bounded("unread answers of " + std::to_string(bytes) + " bytes");
    eye.require_answers({"a"});
    nodes.terminate("a");
  }
}

BOOST_AUTO_TEST_CASE(a_node_that_is_stopped_while_it_is_sent_much) {
  WholeNodes nodes;
  Onlooker eye{nodes};
  nodes.start({.name = "a", .address = loopback_address(0)});
  nodes.start({.name = "b", .address = loopback_address(1), .seeds = {loopback_address(0)}});
  for (std::size_t i = 0; i < 2; ++i) eye.look_at(i == 0 ? "a" : "b", loopback_address(i));
  eye.require_whole({"a", "b"});
  Peak peak{nodes["a"].id()};
  nodes["b"].signal(SIGSTOP);
  // All that "a" takes is for "b", which it must find to be gone before this ends.
  const AgentRef operations = eye.operations_of("a");
  const std::string json = nlohmann::json{{"name", std::string(50'000, 'x')}}.dump();
  const auto refused = [&] { return eye.mesh().dead_letters().total(); };
  std::size_t said = 0;
  const bool noticed = eventually([&] {
    for (int i = 0; i < 20 && said < kSaidMax; ++i, said += json.size()) {
      const std::uint64_t before = refused();
      eye.mesh().tell(operations, [&](schema::AskRequest::Builder request) {
        request.setNode("b");
        request.setName("greeter");
        request.setJson(json);
        request.setTell(true);
      });
      if (refused() != before) break;  // as much waits here as may
    }
    peak.look();
    return nodes["a"].err().find("node 'b' is down") != std::string::npos;
  });
  BOOST_TEST(noticed);
  BOOST_TEST_MESSAGE("told " << (said >> 20) << " MiB");
  peak.require_bounded("a stopped node");
  nodes["b"].signal(SIGCONT);
  eye.require_whole({"a", "b"});
  eye.require_answers({"a", "b"});
  nodes.terminate_all({"a", "b"});
}

BOOST_AUTO_TEST_SUITE_END()
