// Four nodes that each run a validator: what they agree on outlives one of them.
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "comes_true.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/key_file.hpp"
#include "plugin_nodes.hpp"

using namespace myelin;
using namespace myelin::test;
using namespace std::chrono_literals;

namespace {

constexpr std::array kNames{"north", "east", "south", "west"};

/// Each has a guest book in the shared memory, and may run the one greeter.
struct Four {
  Four() {
    validator::CommitteeFile committee;
    for (const std::string name : kNames) {
      const auto folder = nodes.folder().path() / (name + "-validator");
      std::filesystem::create_directories(folder);
      auto key = validator::create_key_file(folder / "key");
      require_success(key);
      committee.members.push_back({(*key)->public_key(), name, {}});
    }
    require_success(validator::save_committee_file(nodes.folder().path() / "committee.toml", committee));
    for (const char* const name : kNames) start(name);
    nodes.join(running.at("north")->address());
    nodes.wait_for(5);
  }
  void start(const std::string& name) {
    const bool first = running.empty();
    running[name] = nodes.start(name, first ? "" : running.begin()->second->address(),
                                "[memory]\ncommittee = 'committee.toml'\nvalidator = '" + name + "-validator'\n" +
                                    "[[agent]]\ntype = 'guest-book'\n" +
                                    "[[agent]]\ntype = 'greeter'\nname = 'once'\nsingleton = true\nlease = 10\n");
  }
  /// The node that runs the singleton, once it is one, and answers. (Where all takes long a lease may be lost, and
  /// another node have it.)
  std::string stage() {
    std::string node;
    BOOST_REQUIRE(comes_true([&] {
      const auto listing = nodes.mesh().ask(nodes.cluster().list("once"), 30s);
      if (!listing || listing->agents.size() != 1) return false;
      node = listing->agents.front().address.node;
      return running.contains(node) && nodes.ask(nodes.agent(node, "once"), "Ada") == "Hello, Ada";
    }));
    return node;
  }
  [[nodiscard]] bool has_logged(const std::string& node, const std::string& part) {
    return comes_true([&] { return running.at(node)->err().find(part) != std::string::npos; });
  }
  /// Asks a node's guest book who was there before.
  std::string enter(const std::string& node, const std::string& guest) {
    return nodes.ask(nodes.agent(node, "guest-book"), guest);
  }

  PluginNodes nodes;
  std::map<std::string, std::unique_ptr<NodeChild>> running;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(nodes_with_validators)

BOOST_AUTO_TEST_CASE(what_nodes_agree_on_outlives_one_of_them) {
  Four four;
  BOOST_TEST(four.enter("north", "Ada") == "nobody");
  BOOST_TEST(four.enter("south", "Bob") == "Ada");

  // The node with the singleton, and a validator, is killed: three of four go on, and another runs the singleton.
  const std::string first = four.stage();
  BOOST_TEST(four.has_logged(first, "singleton 'once' runs here"));
  four.running.erase(first);
  const std::string second = four.stage();
  BOOST_TEST(second != first);
  BOOST_TEST(four.enter(second, "Cid") == "Bob");

  // It comes back, and knows what was agreed on without it.
  four.start(first);
  four.nodes.wait_for(5);
  BOOST_TEST(four.enter(first, "Dan") == "Cid");

  // One that is told to end hands it on.
  const std::string third = four.stage();
  BOOST_TEST(four.running.at(third)->terminate() == 0, four.running.at(third)->err());
  four.running.erase(third);
  BOOST_TEST(four.stage() != third);
  for (const auto& [name, node] : four.running) node->signal(SIGTERM);
}

BOOST_AUTO_TEST_SUITE_END()
