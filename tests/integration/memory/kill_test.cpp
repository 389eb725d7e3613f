// A process that holds a whole group is killed at some moment, started again on the same folder, killed again, and so
// on. Whatever it had said that was written must be there.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/validator/group.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;

/// MYELIN_KILLS: how often; more for a soak.
int kills() {
  const char* const text = std::getenv("MYELIN_KILLS");
  return text == nullptr ? 12 : std::atoi(text);
}

/// What a victim said until it was killed, at some moment after its first word.
std::string run_victim(const std::string& folder, int run, std::chrono::microseconds life) {
  int pipe_ends[2];
  BOOST_REQUIRE(pipe(pipe_ends) == 0);
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    dup2(pipe_ends[1], STDOUT_FILENO);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    const std::string number = std::to_string(run);
    execl(MYELIN_VICTIM, MYELIN_VICTIM, folder.c_str(), number.c_str(), nullptr);
    _exit(127);
  }
  close(pipe_ends[1]);
  std::string said;
  const auto read_some = [&] {
    char buffer[4096];
    const ssize_t got = read(pipe_ends[0], buffer, sizeof buffer);
    if (got > 0) said.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  };
  if (read_some()) {
    std::this_thread::sleep_for(life);
    kill(child, SIGKILL);
  }
  while (read_some()) {
  }
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  BOOST_TEST(WIFSIGNALED(status));  // else it ended by itself, and has said why
  return said;
}

void check(const std::string& folder, const std::set<std::string>& written) {
  Mesh mesh{{.workers = 2, .job_threads = 4}};
  auto group = validator::ValidatorGroup::start(mesh, {.validators = 4, .folder = folder});
  test::require_success(group);
  const Memory memory = Memory::start_session(mesh, group->directory());
  std::vector<consensus::Transaction> gets;
  std::vector<std::string_view> keys;
  const auto look = [&] {
    const auto outcomes = mesh.ask(memory.execute(gets), 60s);
    test::require_success(outcomes);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto& value = outcomes->at(i).value;
      const bool is_there = value && value->text() == "value of " + std::string{keys[i]};
      BOOST_TEST(is_there, keys[i] << " was acknowledged, and is lost");
    }
    gets.clear();
    keys.clear();
  };
  for (const std::string& key : written) {
    gets.push_back(consensus::Transaction::get(key));
    keys.push_back(key);
    if (gets.size() == 500) look();
  }
  if (!gets.empty()) look();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(killed_processes)

BOOST_AUTO_TEST_CASE(lose_no_acknowledged_write) {
  const test::TemporaryDirectory folder;
  std::mt19937_64 random{7};
  std::set<std::string> written;
  const int times = kills();
  for (int run = 0; run < times; ++run) {
    const std::string said = run_victim(folder.path().string(), run, std::chrono::microseconds{random() % 150'000});
    // A last line may be cut, and was then not acknowledged to anyone.
    for (std::size_t at = 0, end; (end = said.find('\n', at)) != std::string::npos; at = end + 1) {
      written.insert(said.substr(at, end - at));
    }
    if (run % 10 == 9) check(folder.path().string(), written);
  }
  BOOST_TEST(written.size() > static_cast<std::size_t>(times));
  check(folder.path().string(), written);
  BOOST_TEST_MESSAGE(times << " kills, " << written.size() << " acknowledged writes, all there");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
