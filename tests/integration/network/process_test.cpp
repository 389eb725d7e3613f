// A node in a process of its own is killed at some moment, started again, killed again, and so on; and one is stopped
// for a while. Whoever asks it always hears something, and the same handle works again afterwards.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "../../unit/network/nodes.hpp"

namespace myelin::test {

namespace {

using namespace std::chrono_literals;

/// A node named "far" in another process.
class Victim {
 public:
  Victim(const TemporaryDirectory& folder, const std::string& address, std::chrono::milliseconds silence_max) {
    int out[2], in[2];
    BOOST_REQUIRE(pipe2(out, O_CLOEXEC) == 0);
    BOOST_REQUIRE(pipe2(in, O_CLOEXEC) == 0);
    child_ = fork();
    BOOST_REQUIRE(child_ >= 0);
    if (child_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      execl(MYELIN_VICTIM, MYELIN_VICTIM, "far", address.c_str(), folder.path().c_str(),
            std::to_string(silence_max.count()).c_str(), nullptr);
      _exit(127);
    }
    close(out[1]);
    close(in[0]);
    keeps_ = in[1];
    char letter = 0;
    while (read(out[0], &letter, 1) == 1 && letter != '\n') address_ += letter;
    close(out[0]);
    BOOST_REQUIRE(!address_.empty());
  }
  ~Victim() {
    kill(SIGKILL);
    close(keeps_);
    int status = 0;
    waitpid(child_, &status, 0);
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  void kill(int signal) const { ::kill(child_, signal); }
  /// Returns when no thread of it runs any more.
  void stop() const {
    kill(SIGSTOP);
    int status = 0;
    BOOST_REQUIRE(waitpid(child_, &status, WUNTRACED) == child_);
    BOOST_REQUIRE(WIFSTOPPED(status));
  }

 private:
  pid_t child_ = 0;
  int keeps_ = -1;
  std::string address_;
};

/// What all who ask have heard.
struct Heard {
  std::atomic<int> asked{0}, answered{0}, unreachable{0}, unknown{0}, other{0};
  [[nodiscard]] int all() const { return answered + unreachable + unknown + other; }
};

constexpr auto kTick = [](samples::Tick::Builder tick) { tick.setValue(1); };

void ask_until(NodeFixture& near, const AgentRef& counter, const std::atomic<bool>& enough, Heard& heard) {
  while (!enough) {
    ++heard.asked;
    const auto answer = near.ask<samples::Tick>(counter, kTick, 1h);
    if (answer) {
      ++heard.answered;
    } else if (answer.error().code == Errc::unreachable) {
      ++heard.unreachable;
      std::this_thread::sleep_for(1ms);
    } else {
      ++(answer.error().code == Errc::outcome_unknown ? heard.unknown : heard.other);
    }
  }
}

/// Credentials of "far" in a folder.
void prepare(const TemporaryDirectory& folder) {
  require_success(
      network::save_credentials(*network::make_credentials(authority(), "cluster", "far", this_year()), folder.path()));
}

bool is_connected(const NodeFixture& near) { return near.node->peers().front().connected; }

std::size_t resident_bytes() {
  std::size_t size = 0, resident = 0;
  std::ifstream{"/proc/self/statm"} >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Sends frames of 64 KiB for ever, as fast as it may.
class Flood : public Agent {
 public:
  Flood(AgentRef to, std::shared_ptr<std::atomic<std::uint64_t>> sent) : to_{std::move(to)}, sent_{std::move(sent)} {}
  static void handlers(Handlers<Flood>& on) { on.message<&Flood::begin>(); }

 private:
  void begin(samples::Tick::Reader) {
    send(to_, make_frame<samples::Note>([](samples::Note::Builder note) { note.initPayload(64 << 10); }));
    ++*sent_;
    send(self(), make_frame<samples::Tick>(kTick));
  }
  const AgentRef to_;
  const std::shared_ptr<std::atomic<std::uint64_t>> sent_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(processes)

BOOST_AUTO_TEST_CASE(every_question_ends_though_its_node_is_killed_and_the_handle_works_again) {
  const TemporaryDirectory folder;
  prepare(folder);
  std::optional<Victim> victim{std::in_place, folder, "127.0.0.1:0", 2s};
  const std::string address = victim->address();
  NodeFixture near{options_of("near", true)};
  require_success(near.node->add_peer({"far", address}));
  const AgentRef counter = near.find("far", "counter");
  std::minstd_rand random{1};
  Heard heard;
  std::atomic<bool> enough{false};
  std::vector<std::thread> asking;
  for (int i = 0; i < 4; ++i) asking.emplace_back([&] { ask_until(near, counter, enough, heard); });
  for (int kill = 0; kill < 8; ++kill) {
    require_success(near.node->wait_connected("far", kLimit));
    const int before = heard.answered;
    BOOST_REQUIRE(eventually([&] { return heard.answered > before; }));
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 20'000});
    victim->kill(SIGKILL);
    const TimePoint killed = Clock::now();
    BOOST_REQUIRE(eventually([&] { return !is_connected(near); }));
    BOOST_TEST_MESSAGE("noticed after " << (Clock::now() - killed) / 1us << " us");
    BOOST_TEST((Clock::now() - killed < 3s));
    victim.emplace(folder, address, 2s);
  }
  require_success(near.node->wait_connected("far", kLimit));
  const int before = heard.answered;
  BOOST_REQUIRE(eventually([&] { return heard.answered > before; }));
  enough = true;
  for (std::thread& thread : asking) thread.join();
  BOOST_TEST(heard.all() == heard.asked);
  BOOST_TEST(heard.other == 0);
  BOOST_TEST(heard.unreachable > 0);
  BOOST_TEST(near.node->peers().front().connections == 9U);
}

BOOST_AUTO_TEST_CASE(a_node_that_is_silent_is_given_up_and_taken_in_again) {
  const TemporaryDirectory folder;
  prepare(folder);
  const Victim victim{folder, "127.0.0.1:0", 2s};
  NodeFixture near{options_of("near", true)};
  require_success(near.node->add_peer({"far", victim.address()}));
  require_success(near.node->wait_connected("far", kLimit));
  const AgentRef counter = near.find("far", "counter");
  require_success(near.ask<samples::Tick>(counter, kTick));
  victim.stop();
  const TimePoint stopped = Clock::now();
  const auto answer = near.ask<samples::Tick>(counter, kTick, 1h);
  const Duration noticed = Clock::now() - stopped;
  BOOST_REQUIRE(!answer);
  BOOST_TEST((answer.error().code == Errc::outcome_unknown));
  BOOST_TEST_MESSAGE("noticed after " << noticed / 1ms << " ms");
  BOOST_TEST((noticed > 1s));  // a node that is only slow is not given up
  BOOST_TEST((noticed < 30s));
  victim.kill(SIGCONT);
  require_success(near.node->wait_connected("far", kLimit));
  require_success(near.ask<samples::Tick>(counter, kTick));
}

BOOST_AUTO_TEST_CASE(a_node_that_does_not_read_costs_bounded_memory_and_its_sender_waits) {
  const TemporaryDirectory folder;
  prepare(folder);
  const Victim victim{folder, "127.0.0.1:0", 1h};
  network::NodeOptions options = options_of("near", true);
  options.silence_max = 1h;
  NodeFixture near{options};
  require_success(near.node->add_peer({"far", victim.address()}));
  require_success(near.node->wait_connected("far", kLimit));
  victim.stop();
  const auto sent = std::make_shared<std::atomic<std::uint64_t>>(0);
  const AgentRef flood = near.mesh.spawn<Flood>(near.find("far", "counter"), sent);
  const std::size_t before = resident_bytes();
  near.mesh.tell(flood, kTick);
  // Until it does not get on any more.
  std::uint64_t last = 0;
  BOOST_REQUIRE(eventually([&] {
    std::this_thread::sleep_for(200ms);
    return std::exchange(last, sent->load()) == sent->load() && last > 0;
  }));
  const std::size_t after = resident_bytes();
  BOOST_TEST_MESSAGE(last << " frames sent, " << (after - before) / 1024 << " KiB more");
  BOOST_TEST(last < 2000U);  // 128 MiB
  BOOST_TEST(after < before + (std::size_t{64} << 20));
  victim.kill(SIGCONT);
  BOOST_TEST(eventually([&] { return sent->load() > last + 1000; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
