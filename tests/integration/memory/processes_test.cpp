// Validators in processes of their own, which are killed with SIGKILL while agents on another node use the memory.
//
// MYELIN_KILLS: how often; 6 by default.
#include "processes.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <random>
#include <string>
#include <thread>

namespace myelin {

namespace {

using namespace std::chrono_literals;
using test::Processes;

}  // namespace

BOOST_AUTO_TEST_SUITE(validator_processes)

BOOST_AUTO_TEST_CASE(nothing_that_was_acknowledged_is_lost_when_they_are_killed) {
  Processes processes;
  std::atomic<std::int64_t> acknowledged = 0;
  std::atomic<std::int64_t> unknown = 0;
  std::atomic<bool> is_over = false;
  std::atomic<bool> has_gone_back = false;
  std::thread writer{[&] {
    while (!is_over) {
      const std::int64_t before = acknowledged;
      const auto added = processes.ask(processes.memory().add("sum", 1));
      ++(added ? acknowledged : unknown);
      if (acknowledged % 8 != 0) continue;
      // No ordered read is older than what was acknowledged before it.
      const auto sum = processes.ask(processes.memory().get("sum"));
      if (sum && *sum && (*sum)->number() < before) has_gone_back = true;
    }
  }};
  std::mt19937 random{7};
  const int times = test::kills(6);
  for (int i = 0; i < times; ++i) {
    const std::int64_t before = acknowledged;
    BOOST_TEST(test::comes_true([&] { return acknowledged > before + 3; }));
    // Mostly one; now and then two, so that nothing can be ordered meanwhile; or all.
    const std::size_t first = random() % Processes::kValidators;
    const std::size_t count = i % 6 == 5 ? Processes::kValidators : i % 3 == 2 ? 2 : 1;
    for (std::size_t k = 0; k < count; ++k) processes.kill((first + k) % Processes::kValidators);
    for (std::size_t k = 0; k < count; ++k) processes.start((first + k) % Processes::kValidators);
  }
  const std::int64_t before = acknowledged;
  BOOST_TEST(test::comes_true([&] { return acknowledged > before + 3; }));
  is_over = true;
  writer.join();
  const auto sum = processes.ask(processes.memory().get("sum"));
  test::require_success(sum);
  BOOST_REQUIRE(sum->has_value());
  BOOST_TEST_MESSAGE(acknowledged << " acknowledged, " << unknown << " of unknown outcome, " << (*sum)->number()
                                  << " executed");
  BOOST_TEST((*sum)->number() >= acknowledged);
  BOOST_TEST((*sum)->number() <= acknowledged + unknown);
  BOOST_TEST(!has_gone_back);
}

BOOST_AUTO_TEST_CASE(the_tool_puts_gets_and_watches_over_tls) {
  Processes processes{Processes::Security::tls};
  test::Outcome done = processes.tool({"put", "colour", "blue"});
  BOOST_TEST(done.status == 0, done.err);
  done = processes.tool({"get", "colour"});
  BOOST_TEST(done.out == "blue", done.err);
  done = processes.tool({"watch", "c*", "--from", "0", "--count", "1"});
  BOOST_TEST(done.status == 0, done.err);
  BOOST_TEST(done.out.ends_with("\tput\tcolour\tblue\n"), done.out);
  // Fewer than a quorum order nothing, and the error names who is not there.
  processes.kill(0);
  processes.kill(1);
  done = processes.tool({"get", "colour", "--timeout", "2"});
  BOOST_TEST(done.status == 1);
  BOOST_TEST(done.err.find("v0") != std::string::npos, done.err);
}

#ifdef MYELIN_EXAMPLE
BOOST_AUTO_TEST_CASE(the_guide_s_program_connects_to_them) {
  Processes processes{Processes::Security::tls};
  for (const char* const said : {"visit 1\n", "visit 2\n"}) {
    const test::Outcome done =
        test::run({processes.committee_file(), (processes.certificates() / "tool").string()}, {}, MYELIN_EXAMPLE);
    BOOST_TEST(done.status == 0, done.err);
    BOOST_TEST(done.out == said);
  }
}
#endif

BOOST_AUTO_TEST_CASE(whoever_proves_nothing_gets_in_nowhere) {
  Processes processes{Processes::Security::tls};
  Mesh mesh{{.workers = 1}};
  auto stranger = network::Node::start(mesh, {.name = "stranger", .insecure = true});
  test::require_success(stranger);
  auto found = validator::find_validators(*stranger, processes.committee());
  test::require_success(found);
  const Memory memory = Memory::start_session(mesh, *found, {.patience = 50ms});
  BOOST_TEST(!mesh.ask(memory.get("colour"), 1s).has_value());
  for (const network::PeerStatus& peer : stranger->peers()) BOOST_TEST(!peer.connected, peer.node);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
