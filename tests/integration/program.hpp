/// Runs the built program as a user would.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace myelin::test {

/// The read end of a pipe, emptied on a thread of its own so that the program never blocks on it.
class Drain {
 public:
  Drain() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
  }
  [[nodiscard]] int write_end() const { return ends_[1]; }

  void start() {
    ::close(ends_[1]);
    reader_ = std::thread{[this] {
      std::array<char, 4096> chunk{};
      for (ssize_t count = 0; (count = ::read(ends_[0], chunk.data(), chunk.size())) > 0;) {
        text_.append(chunk.data(), static_cast<std::size_t>(count));
      }
      ::close(ends_[0]);
    }};
  }
  std::string finish() {
    reader_.join();
    return text_;
  }

 private:
  std::array<int, 2> ends_{};
  std::thread reader_;
  std::string text_;
};

/// How it ended: 1000 and the signal's number when a signal killed it.
struct Outcome {
  int status = -1;
  std::string out;
  std::string err;

  [[nodiscard]] std::ptrdiff_t err_lines() const { return std::count(err.begin(), err.end(), '\n'); }
};

/// The program, started; what it writes to stdout is kept, and stderr goes to `err`.
class Program {
 public:
  /// `settings`: environment variables on top of this process's, "NAME=value".
  Program(const std::vector<std::string>& arguments, int err, const std::vector<std::string>& settings = {},
          const char* binary = MYELIN_BINARY) {
    std::vector<std::string> words{"myelin"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<std::string> variables = settings;  // first: of two with one name the first counts
    for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
    std::vector<char*> environment;
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out_.write_end(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    if (::posix_spawn(&child_, binary, &actions, nullptr, argv.data(), environment.data()) != 0) {
      throw std::runtime_error{std::string{"cannot run "} + binary};
    }
    posix_spawn_file_actions_destroy(&actions);
    out_.start();
  }

  void interrupt() const { signal(SIGINT); }
  void signal(int number) const { ::kill(child_, number); }

  Outcome wait() {
    Outcome outcome;
    outcome.out = out_.finish();
    int status = 0;
    ::waitpid(child_, &status, 0);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return outcome;
  }

 private:
  Drain out_;
  pid_t child_ = 0;
};

/// Runs the program to its end.
inline Outcome run(const std::vector<std::string>& arguments, const std::vector<std::string>& settings = {},
                   const char* binary = MYELIN_BINARY) {
  Drain err;
  Program program{arguments, err.write_end(), settings, binary};
  err.start();
  Outcome outcome = program.wait();
  outcome.err = err.finish();
  return outcome;
}

}  // namespace myelin::test
