/// A `myelin node` in a process of its own.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "comes_true.hpp"

namespace myelin::test {

/// Its output goes to files in `folder`. It is killed when the thread that started it ends, whatever ends that: no node
/// outlives a test that was killed. **Thread-safety**: thread-compatible.
class NodeChild {
 public:
  /// `arguments`: after `myelin node --json`. `settings`: environment variables, "NAME=value".
  NodeChild(const std::filesystem::path& folder, const std::string& name, const std::vector<std::string>& arguments,
            const std::vector<std::string>& settings = {})
      : out_{folder / (name + ".out")}, err_{folder / (name + ".err")} {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe(ends.data()) == 0);  // inherited: that is what it is for
    ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    // setpriv becomes the node, under the same number. It is part of util-linux, which no Debian is without.
    std::vector<std::string> words{"setpriv",    "--pdeathsig",          "KILL", "--", MYELIN_BINARY, "node", "--json",
                                   "--ready-fd", std::to_string(ends[1])};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<std::string> variables = settings;
    for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
    std::vector<char*> environment;
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_.c_str(), kFlags, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err_.c_str(), kFlags, 0600);
    const int failed = ::posix_spawnp(&child_, "setpriv", &actions, nullptr, argv.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    ready_ = ends[0];
    BOOST_REQUIRE_MESSAGE(failed == 0, "cannot run setpriv (Debian's package util-linux)");
  }
  NodeChild(const NodeChild&) = delete;
  NodeChild& operator=(const NodeChild&) = delete;
  ~NodeChild() {
    ::close(ready_);
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  /// Waits until it says that it is ready, or ends; whether it is.
  [[nodiscard]] bool wait_ready() {
    std::string text;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (std::chrono::steady_clock::now() < deadline) {
      pollfd waiting{ready_, POLLIN, 0};
      if (::poll(&waiting, 1, 1000) <= 0) continue;
      std::array<char, 64> chunk{};
      const ssize_t count = ::read(ready_, chunk.data(), chunk.size());
      if (count <= 0) break;
      text.append(chunk.data(), static_cast<std::size_t>(count));
    }
    return text == "ready\n";
  }
  void require_ready() {
    if (!wait_ready()) BOOST_FAIL("the node did not come to be ready: " + err());
    said_ = nlohmann::json::parse(out());
  }

  /// What it said when it was ready.
  [[nodiscard]] const nlohmann::json& said() const { return said_; }
  [[nodiscard]] std::string address() const { return said_.at("address").get<std::string>(); }
  void signal(int number) const { ::kill(child_, number); }
  [[nodiscard]] pid_t id() const { return child_; }
  /// How it ended: 1000 and the signal's number when a signal killed it.
  [[nodiscard]] int wait() {
    int status = 0;
    ::waitpid(std::exchange(child_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  [[nodiscard]] int terminate() {
    signal(SIGTERM);
    return wait();
  }
  [[nodiscard]] std::string out() const { return content_of(out_); }
  [[nodiscard]] std::string err() const { return content_of(err_); }

 private:
  static std::string content_of(const std::filesystem::path& file) {
    std::ifstream stream{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  std::filesystem::path out_;
  std::filesystem::path err_;
  pid_t child_ = 0;
  int ready_ = -1;
  nlohmann::json said_;
};

}  // namespace myelin::test
