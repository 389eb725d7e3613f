// Garbage, random bytes and damaged real traffic, without and with a certificate, at every port of a whole node. A few
// hundred of each; MYELIN_HOSTILE_SECONDS=60 goes on for a minute.
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "greeting.capnp.h"
#include "myelin/cluster.capnp.h"
#include "myelin/network/node.hpp"
#include "myelin/operation.capnp.h"
#include "onlooker.hpp"
#include "stranger.hpp"
#include "traffic.hpp"
#include "whole_nodes.hpp"

using namespace myelin;
using namespace myelin::test;
using network::RecordKind;
using network::Role;

namespace {

/// After so long without a word a node closes a connection, whatever came before.
const Duration kSilenceMax = network::NodeOptions{}.silence_max;
constexpr int kRounds = 100;
constexpr int kRoundsBetweenLooks = 50;
/// What a node may have more at the end than after the first looks; some is given back late, or not at all.
constexpr std::size_t kGrowthMax = std::size_t{64} << 20;

/// "127.0.0.1:7400" of each TCP port on which a process listens, whatever it is for. IPv4.
std::vector<std::string> listening_at(pid_t process) {
  namespace fs = std::filesystem;
  const std::string folder = "/proc/" + std::to_string(process);
  std::vector<std::string> sockets;
  for (const auto& file : fs::directory_iterator{folder + "/fd"}) {
    std::error_code ignored;
    const std::string target = fs::read_symlink(file.path(), ignored).string();
    if (target.starts_with("socket:[")) sockets.push_back(target.substr(8, target.size() - 9));
  }
  std::vector<std::string> found;
  std::ifstream table{folder + "/net/tcp"};
  for (std::string line; std::getline(table, line);) {
    std::istringstream words{line};
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout, socket;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> socket;
    if (state != "0A" || std::ranges::find(sockets, socket) == sockets.end()) continue;
    const auto host = std::stoul(local.substr(0, 8), nullptr, 16);  // the bytes as they lie in memory
    const auto port = std::stoul(local.substr(9), nullptr, 16);
    std::string address;
    for (unsigned i = 0; i < 4; ++i) address += (i == 0 ? "" : ".") + std::to_string((host >> (8 * i)) & 255);
    found.push_back(address + ":" + std::to_string(port));
  }
  return found;
}

/// What a node says to another in a good hour: agents asked and told, lists, records of membership, a frame in parts.
std::string nodes_traffic() {
  const std::string large =
      frame_of<node_test::Hello>([](node_test::Hello::Builder hello) { hello.setName(std::string(70'000, 'x')); });
  const std::size_t head = kWireHeaderBytes + 8;
  return record(RecordKind::name, "greeter", 1) + record(RecordKind::name, "myelin.membership", 2) +
         record(RecordKind::name, "myelin.directory", 3) + record(RecordKind::name, "myelin.operations", 4) +
         record(RecordKind::question,
                frame_of<node_test::Hello>([](node_test::Hello::Builder hello) { hello.setName("Ada"); }, 4), 1, 1) +
         record(RecordKind::message, frame_of<schema::Gossip>([](schema::Gossip::Builder gossip) {
                  auto records = gossip.initRecords(2);
                  records[0].setNode("evil");
                  records[0].setIncarnation(1);
                  records[0].initConnectedTo(1).set(0, "ghost");
                  records[1].setNode("ghost");  // at no address: nobody is dialled
                  records[1].setIncarnation(5);
                  records[1].initTags(1).set(0, "gpu");
                }),
                2, 0, 0, 2) +
         record(RecordKind::question,
                frame_of<schema::FindAgents>([](schema::FindAgents::Builder find) { find.setType("greeter"); }, 5), 3,
                2) +
         record(RecordKind::question,
                frame_of<schema::MonitorAgent>([](schema::MonitorAgent::Builder one) { one.setName("greeter"); }, 6), 3,
                3) +
         record(RecordKind::question,
                frame_of<schema::SpawnAgent>([](schema::SpawnAgent::Builder spawn) { spawn.setType("nothing"); }, 7), 3,
                4) +
         record(RecordKind::question, frame_of<schema::StatusRequest>([](schema::StatusRequest::Builder) {}, 8), 4, 5) +
         record(RecordKind::message, number(large.size()) + large.substr(0, head), 1, 0, network::kInParts) +
         record(RecordKind::part, large.substr(head, 65'536)) + record(RecordKind::part, large.substr(head + 65'536)) +
         record(RecordKind::credit, number(100) + number(1), 1) + record(RecordKind::cancel, "", 0, 3) +
         record(RecordKind::ping, "");
}

/// What a person's tool says.
std::string operators_traffic() {
  return record(RecordKind::name, "myelin.operations", 1) +
         record(RecordKind::question, frame_of<schema::StatusRequest>([](schema::StatusRequest::Builder) {}, 1), 1, 1) +
         record(RecordKind::question,
                frame_of<schema::ListRequest>([](schema::ListRequest::Builder list) { list.setName("greeter"); }, 2), 1,
                2) +
         record(RecordKind::question,
                frame_of<schema::AgentRequest>([](schema::AgentRequest::Builder one) { one.setName("greeter"); }, 3), 1,
                3) +
         record(RecordKind::question,
                frame_of<schema::AskRequest>(
                    [](schema::AskRequest::Builder ask) {
                      ask.setName("greeter");
                      ask.setMessage("Hello");
                      ask.setJson(R"({"name": "Ada"})");
                    },
                    4),
                1, 4) +
         record(RecordKind::question,
                frame_of<schema::LogRequest>([](schema::LogRequest::Builder log) { log.setLinesMax(3); }, 5), 1, 5) +
         record(RecordKind::ping, "");
}

/// What a node has had of connections to another.
struct Bond {
  std::uint64_t connections = 0;
  std::string last_error = {};
};

Bond bond(Onlooker& eye, const std::string& node, const std::string& other) {
  Bond found;
  BOOST_REQUIRE(eventually([&] {
    const auto seen = eye.status(node);
    if (!seen) return false;
    for (const auto peer : (*seen)->getPeers()) {
      if (peer.getNode() == other) found = {peer.getConnections(), peer.getLastError()};
    }
    return true;
  }));
  return found;
}

/// Whether two nodes that do each other no harm may lose each other for that: neither was heard in time, and then both
/// dialled.
bool is_of_a_busy_machine(const std::string& error) {
  return std::ranges::any_of(std::array{"nothing came from node", "the other side has closed", "has connected anew",
                                        "cancelled", "was not set up in time", "reset by peer", "roken pipe"},
                             [&](const char* part) { return error.find(part) != std::string::npos; });
}

/// All that is done to the node, a round at a time, as seeds decide.
class Attack {
 public:
  explicit Attack(WholeNodes& nodes)
      : node_{nodes.credentials("evil")}, person_{nodes.credentials("eve", Role::operator_)}, outsider_{outsider()} {}

  void round(const std::string& address) {
    noise(address);
    damaged_handshake(address);
    {
      Stranger stranger{address};
      BOOST_TEST(!believed(stranger, outsider_));
    }
    for (const bool is_node : {true, false}) {
      const network::Credentials& who = is_node ? node_ : person_;
      const std::string hello = is_node ? hello_of("evil", Role::node) : hello_of("eve", Role::operator_);
      const std::string& traffic = is_node ? nodes_traffic_ : operators_traffic_;
      {  // garbage instead of a greeting
        Stranger stranger{address};
        BOOST_TEST(stranger.secure(who));
        stranger.say(random_bytes(1 + random_() % 5000));
        BOOST_TEST(finish(stranger));
      }
      {  // damaged before it is encrypted: the node has to see to it
        Stranger stranger{address};
        BOOST_TEST(stranger.secure(who));
        if (random_() % 8 == 0) {
          stranger.say(damaged(hello, hello.size(), random_));
        } else {
          stranger.say(hello);
          BOOST_TEST(stranger.hear());
          stranger.say(damaged(traffic, 1500, random_));
        }
        BOOST_TEST(finish(stranger));
      }
      {  // damaged on its way: TLS sees to it
        Stranger stranger{address};
        BOOST_TEST(stranger.secure(who));
        stranger.say(hello);
        BOOST_TEST(stranger.hear());
        // In what is encrypted it is noticed at once. A length that was turned makes the node wait for more.
        const bool is_encrypted = random_() % 4 != 0;
        stranger.say_damaged(traffic, is_encrypted ? Stranger::Part::encrypted : Stranger::Part::head, random_());
        BOOST_TEST((is_encrypted ? stranger.is_cut_off(record(RecordKind::ping, "")) : finish(stranger)));
      }
    }
  }

  /// Of those who said that they are done: how many were let go only after a time in which the node may have taken them
  /// for silent, and how many there were.
  [[nodiscard]] int late() const { return late_; }
  [[nodiscard]] int finished() const { return finished_; }

 private:
  static network::Credentials outsider() {
    auto made = network::make_credentials(WholeNodes::new_authority(), "cluster", "evil", WholeNodes::this_year());
    require_success(made);
    return *std::move(made);
  }
  /// With TLS 1.3 who dials is through before he was looked at: only what comes then tells.
  static bool believed(Stranger& stranger, const network::Credentials& credentials) {
    return stranger.secure(credentials) && stranger.say(hello_of("evil", Role::node)) && stranger.hear();
  }
  bool finish(Stranger& stranger) {
    const auto before = std::chrono::steady_clock::now();
    const bool is_over = stranger.finish();
    ++finished_;
    if (std::chrono::steady_clock::now() - before >= kSilenceMax) ++late_;
    return is_over;
  }
  std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_() >> 8);
    return bytes;
  }
  void noise(const std::string& address) {
    std::string bytes = random_bytes(1 + random_() % 3000);
    if (random_() % 2 == 0) bytes.replace(0, std::min<std::size_t>(3, bytes.size()), "\x16\x03\x01", 3);
    Stranger stranger{address};
    stranger.say(bytes);
  }
  void damaged_handshake(const std::string& address) {
    Stranger stranger{address};
    // Some of its bytes mean nothing: what counts is that nobody gets further with another than he sent.
    if (stranger.secure(node_, random_() % 1500)) stranger.say(random_bytes(100));
  }

  const network::Credentials node_;
  const network::Credentials person_;
  const network::Credentials outsider_;
  const std::string nodes_traffic_ = nodes_traffic();
  const std::string operators_traffic_ = operators_traffic();
  std::minstd_rand random_{11};
  int late_ = 0;
  int finished_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(hostile_nodes)

BOOST_AUTO_TEST_CASE(a_whole_node_lives_through_garbage_and_damaged_traffic_at_every_port) {
  WholeNodes nodes;
  Onlooker eye{nodes};
  nodes.start({.name = "a", .address = loopback_address(0)});
  nodes.start({.name = "b", .address = loopback_address(1), .seeds = {loopback_address(0)}});
  for (std::size_t i = 0; i < 2; ++i) eye.look_at(i == 0 ? "a" : "b", loopback_address(i));
  eye.require_whole({"a", "b"});
  const std::vector<std::string> ports = listening_at(nodes["a"].id());
  BOOST_TEST_REQUIRE((std::ranges::find(ports, loopback_address(0)) != ports.end()));

  const char* const seconds = std::getenv("MYELIN_HOSTILE_SECONDS");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{seconds == nullptr ? 0 : std::atoi(seconds)};
  const Bond before_attack = bond(eye, "b", "a");
  Attack attack{nodes};
  std::size_t before = 0;
  int rounds = 0;
  while (rounds < kRounds || std::chrono::steady_clock::now() < end) {
    for (const std::string& port : ports) attack.round(port);
    if (++rounds % kRoundsBetweenLooks != 0) continue;
    eye.require_answers({"a", "b"});  // each asks the other, over the connection that they had
    if (before == 0) before = resident_bytes(nodes["a"].id());
  }
  const std::size_t after = resident_bytes(nodes["a"].id());
  BOOST_TEST_MESSAGE(rounds << " rounds at " << ports.size() << " port: " << (before >> 20) << " MiB after "
                            << kRoundsBetweenLooks << " of them, " << (after >> 20) << " MiB at the end");
  if (!kIsSanitized) BOOST_TEST(after < before + kGrowthMax);
  // Who is done is let go at once, but where the machine was busy just then.
  BOOST_TEST_MESSAGE(attack.late() << " of " << attack.finished() << " were let go late");
  BOOST_TEST(attack.late() * 10 <= attack.finished());
  // On a busy machine the nodes may have lost each other. Then it was for that.
  if (bond(eye, "b", "a").connections != before_attack.connections) {
    for (const auto& [node, other] : {std::pair{"a", "b"}, std::pair{"b", "a"}}) {
      const std::string why = bond(eye, node, other).last_error;
      BOOST_TEST_MESSAGE(node << " has lost " << other << " meanwhile: " << why);
      BOOST_TEST(is_of_a_busy_machine(why), node << " lost " << other << ": " << why);
    }
  }
  nodes.terminate_all({"a", "b"});
}

BOOST_AUTO_TEST_SUITE_END()
