// Validators in processes of their own, which are killed with SIGKILL while agents on another node use the memory.
//
// MYELIN_KILLS: how often; 6 by default.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <random>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "../program.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/validator.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLimit = 60s;
constexpr std::size_t kValidators = 4;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

bool comes_true(const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// A group of processes, and a client's node in this one.
class Processes {
 public:
  enum class Security : std::uint8_t { none, tls };

  explicit Processes(Security security = Security::none) : security_{security}, mesh_{{.workers = 2}} {
    if (security == Security::tls) {
      const test::Outcome made =
          test::run({"certs", "new", certificates().string(), "v0", "v1", "v2", "v3", "client", "tool"});
      BOOST_REQUIRE_MESSAGE(made.status == 0, made.err);
    }
    for (std::size_t i = 0; i < kValidators; ++i) {
      std::filesystem::create_directories(folder_of(i));
      auto key = validator::create_key_file(folder_of(i) / "key");
      test::require_success(key);
      committee_.members.push_back({(*key)->public_key(), "v" + std::to_string(i), {}});
    }
    network::NodeOptions options{.name = "client", .insecure = security == Security::none};
    if (security == Security::tls) {
      auto credentials = network::load_credentials(certificates() / "client");
      test::require_success(credentials);
      options.credentials = std::move(*credentials);
    }
    auto node = network::Node::start(mesh_, options);
    test::require_success(node);
    node_.emplace(std::move(*node));
    auto found = validator::find_validators(*node_, committee_);
    test::require_success(found);
    memory_ = Memory::start_session(mesh_, *found, {.patience = 300ms});
    for (std::size_t i = 0; i < kValidators; ++i) start(i);
  }
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;
  ~Processes() {
    for (std::size_t i = 0; i < kValidators; ++i) kill(i);
  }

  /// On a port that it chooses; it dials those that run already.
  void start(std::size_t i) {
    const auto committee = folder_.path() / ("committee" + std::to_string(i) + ".toml");
    const auto out = folder_.path() / ("out" + std::to_string(i));
    committee_.members[i].address.clear();
    test::require_success(validator::save_committee_file(committee, committee_));
    std::vector<std::string> words{"myelin",      "validator",        "run",   folder_of(i).string(),
                                   "--committee", committee.string(), "--json"};
    for (std::string& word : proof(committee_.members[i].name)) words.push_back(std::move(word));
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int failed = ::posix_spawn(&children_[i], MYELIN_BINARY, &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    BOOST_REQUIRE_EQUAL(failed, 0);
    std::smatch address;
    std::string said;
    const bool is_ready = comes_true([&] {
      said = content_of(out);
      return std::regex_search(said, address, std::regex{"\"address\": \"([^\"]+)\""});
    });
    BOOST_REQUIRE(is_ready);
    committee_.members[i].address = address[1].str();
    test::require_success(node_->add_peer({committee_.members[i].name, committee_.members[i].address}));
  }
  void kill(std::size_t i) {
    if (children_[i] <= 0) return;
    ::kill(children_[i], SIGKILL);
    int status = 0;
    ::waitpid(children_[i], &status, 0);
    // It must not have ended of its own accord.
    BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    children_[i] = 0;
  }
  /// `myelin memory WORDS`, as another node.
  [[nodiscard]] test::Outcome tool(std::vector<std::string> words) {
    const auto committee = folder_.path() / "committee.toml";
    test::require_success(validator::save_committee_file(committee, committee_));
    words.insert(words.begin(), "memory");
    words.insert(words.end(), {"--committee", committee.string(), "--node", "tool"});
    for (std::string& word : proof("tool")) words.push_back(std::move(word));
    return test::run(words);
  }
  template <Call C>
  [[nodiscard]] auto ask(const C& call) {
    return mesh_.ask(call, kLimit);
  }
  [[nodiscard]] const Memory& memory() const noexcept { return memory_; }
  [[nodiscard]] const validator::CommitteeFile& committee() const noexcept { return committee_; }

 private:
  [[nodiscard]] std::filesystem::path certificates() const { return folder_.path() / "certs"; }
  /// What a node proves itself with.
  [[nodiscard]] std::vector<std::string> proof(const std::string& node) const {
    if (security_ == Security::none) return {"--insecure"};
    return {"--certs", (certificates() / node).string()};
  }
  [[nodiscard]] std::filesystem::path folder_of(std::size_t i) const {
    return folder_.path() / ("v" + std::to_string(i));
  }

  Security security_;
  test::TemporaryDirectory folder_;
  Mesh mesh_;
  std::optional<network::Node> node_;
  validator::CommitteeFile committee_;
  Memory memory_;
  std::array<pid_t, kValidators> children_{};
};

int kills() {
  const char* const wanted = std::getenv("MYELIN_KILLS");
  return wanted == nullptr ? 6 : std::atoi(wanted);
}

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
  for (int i = 0; i < kills(); ++i) {
    const std::int64_t before = acknowledged;
    BOOST_TEST(comes_true([&] { return acknowledged > before + 3; }));
    // Mostly one; now and then two, so that nothing can be ordered meanwhile; or all.
    const std::size_t first = random() % kValidators;
    const std::size_t count = i % 6 == 5 ? kValidators : i % 3 == 2 ? 2 : 1;
    for (std::size_t k = 0; k < count; ++k) processes.kill((first + k) % kValidators);
    for (std::size_t k = 0; k < count; ++k) processes.start((first + k) % kValidators);
  }
  const std::int64_t before = acknowledged;
  BOOST_TEST(comes_true([&] { return acknowledged > before + 3; }));
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
