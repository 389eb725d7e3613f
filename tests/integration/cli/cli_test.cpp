// Runs the built program as a user would: exit status, streams, Ctrl-C.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

using nlohmann::json;

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

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;

  [[nodiscard]] std::ptrdiff_t err_lines() const { return std::count(err.begin(), err.end(), '\n'); }
};

/// The program, started; what it writes to stdout is kept, and stderr goes to `err`.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments, int err) {
    std::vector<std::string> words{"myelin"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out_.write_end(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    if (::posix_spawn(&child_, MYELIN_BINARY, &actions, nullptr, argv.data(), environ) != 0) {
      throw std::runtime_error{"cannot run " MYELIN_BINARY};
    }
    posix_spawn_file_actions_destroy(&actions);
    out_.start();
  }

  void interrupt() const { ::kill(child_, SIGINT); }

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

Outcome run(const std::vector<std::string>& arguments) {
  Drain err;
  Program program{arguments, err.write_end()};
  err.start();
  Outcome outcome = program.wait();
  outcome.err = err.finish();
  return outcome;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_AUTO_TEST_CASE(version_names_the_release_the_simd_target_and_the_backends) {
  const Outcome outcome = run({"--version"});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.out.starts_with("myelin "));
  BOOST_TEST(outcome.out.find("SIMD target: ") != std::string::npos);
  BOOST_TEST(outcome.out.find("backends: scalar, simd") != std::string::npos);
  BOOST_TEST(outcome.err.empty());
}

BOOST_AUTO_TEST_CASE(help_teaches_by_example) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"bench", "--help"},
                                                    {"bench", "gemm", "--help"},
                                                    {"bench", "messages", "--help"}}) {
    const Outcome outcome = run(arguments);
    BOOST_TEST(outcome.status == 0);
    BOOST_TEST(outcome.out.find("Examples:\n  myelin ") != std::string::npos);
    BOOST_TEST(outcome.err.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_slip_costs_one_line) {
  const Outcome subcommand = run({"bnech"});
  BOOST_TEST(subcommand.status == 2);
  BOOST_TEST(subcommand.err == "myelin: unknown subcommand 'bnech'; did you mean 'bench'? See 'myelin --help'\n");
  BOOST_TEST(subcommand.out.empty());

  const Outcome option = run({"bench", "gemm", "--quik"});
  BOOST_TEST(option.status == 2);
  BOOST_TEST(option.err_lines() == 1);
  BOOST_TEST(option.err.find("did you mean '--quick'?") != std::string::npos);

  const Outcome value = run({"bench", "gemm", "--repetitions", "0"});
  BOOST_TEST(value.status == 2);
  BOOST_TEST(value.err_lines() == 1);
}

BOOST_AUTO_TEST_CASE(bench_gemm_writes_one_json_document_and_saves_it) {
  std::string directory = (std::filesystem::temp_directory_path() / "myelin-cli-XXXXXX").string();
  BOOST_REQUIRE(mkdtemp(directory.data()) != nullptr);
  const std::string file = directory + "/gemm.json";

  const Outcome outcome = run({"bench", "gemm", "--quick", "--json", "--save", file});
  BOOST_TEST(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["command"].get<std::string>() == "bench gemm");
  BOOST_TEST(document["complete"].get<bool>());
  BOOST_TEST(!document["results"].empty());
  std::ifstream saved{file};
  BOOST_TEST((json::parse(saved) == document));
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{directory}, {}) == 1);
  std::filesystem::remove_all(directory);
}

BOOST_AUTO_TEST_CASE(quiet_leaves_stderr_to_warnings) {
  const Outcome outcome = run({"bench", "gemm", "--quick", "--quiet"});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.out.find("64 x 64 x 64") != std::string::npos);
  BOOST_TEST((outcome.err.empty() || outcome.err.find("warning: ") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(bench_messages_writes_one_json_document) {
  const Outcome outcome = run({"bench", "messages", "--quick", "--json", "--workers", "1"});
  BOOST_TEST(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["complete"].get<bool>());
  for (const json& result : document["results"]) {
    BOOST_TEST(result["series"][0]["summary"]["median"].get<double>() > 0.0, result["name"]);
  }
  BOOST_TEST(document["round_trip_latencies"][0]["latency"]["p99_ns"].get<double>() > 0.0);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_saved_is_a_failure_of_one_line) {
  const Outcome outcome = run({"bench", "gemm", "--quick", "--quiet", "--save", "/nowhere/gemm.json"});
  BOOST_TEST(outcome.status == 1);
  BOOST_TEST(outcome.err.find("/nowhere/gemm.json") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_full_disk_behind_stdout_is_a_failure) {
  const std::string command = std::string{MYELIN_BINARY} + " --help >/dev/full 2>/dev/null";
  const int status = std::system(command.c_str());
  BOOST_TEST(WEXITSTATUS(status) == 1);
}

BOOST_AUTO_TEST_CASE(an_interrupt_stops_with_the_document_so_far) {
  // The first bytes on stderr say that the work has begun; only then comes the interrupt.
  std::array<int, 2> err{};
  BOOST_REQUIRE(::pipe2(err.data(), O_CLOEXEC) == 0);
  Program program{{"bench", "gemm", "--repetitions", "1000", "--json"}, err[1]};
  ::close(err[1]);
  char first = 0;
  BOOST_REQUIRE(::read(err[0], &first, 1) == 1);
  program.interrupt();
  const Outcome outcome = program.wait();
  ::close(err[0]);
  BOOST_TEST(outcome.status == 130);
  BOOST_TEST(!json::parse(outcome.out)["complete"].get<bool>());
}

BOOST_AUTO_TEST_SUITE_END()
