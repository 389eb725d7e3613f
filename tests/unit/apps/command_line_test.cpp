// What the parser makes of argv, with a command that only records. tests/integration/cli runs the real program.
#include "cli/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "process/interrupt.hpp"

using namespace myelin::tool;
using myelin::Errc;
using myelin::Result;

namespace {

/// `myelin bench record --count N`.
class Record : public Command {
 public:
  explicit Record(std::vector<std::string>& log) : log_{log} {}
  [[nodiscard]] std::string path() const override { return "bench record"; }
  [[nodiscard]] std::string summary() const override { return "Records"; }
  void declare(CLI::App& app) override {
    app.add_option("--count", count_, "How many");
    app.add_option("--limit", limit_, "Seconds")->check(CLI::Range(0.1, 3600.0).description(""));
    app.add_option("--nodes", nodes_, "Nodes")->check(CLI::Range(1, 64).description(""));
    app.add_option("--role", role_, "Role")->check(CLI::IsMember({"node", "operator"}).description(""));
  }
  [[nodiscard]] Result<void> run(Session& session) override {
    log_.push_back("count " + std::to_string(count_) + (session.json ? " json" : "") + (session.quiet ? " quiet" : ""));
    if (count_ == 13) return myelin::fail(Errc::not_found, "no 13");
    if (count_ == 14) throw std::runtime_error{"out of luck"};
    return {};
  }

 private:
  std::vector<std::string>& log_;
  int count_ = 1;
  double limit_ = 1;
  int nodes_ = 1;
  std::string role_;
};

/// One run of the tool, with both streams in memory.
struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
  std::vector<std::string> log;
};

Outcome run(std::vector<const char*> arguments, const std::stop_token& stop = {}) {
  Outcome outcome;
  char* out = nullptr;
  char* err = nullptr;
  std::size_t out_size = 0;
  std::size_t err_size = 0;
  Terminal terminal;
  terminal.out = open_memstream(&out, &out_size);
  terminal.err = open_memstream(&err, &err_size);
  const Environment environment{{}};
  {
    Session session{environment, terminal, stop};
    CommandLine line{[] { return std::string{"myelin 1.2.3"}; }, "Examples: none"};
    line.add_group("bench", "Measures", "");
    line.add(std::make_unique<Record>(outcome.log));
    arguments.insert(arguments.begin(), "myelin");
    outcome.status = line.run(static_cast<int>(arguments.size()), arguments.data(), session);
  }
  std::fclose(terminal.out);
  std::fclose(terminal.err);
  outcome.out.assign(out, out_size);
  outcome.err.assign(err, err_size);
  std::free(out);
  std::free(err);
  return outcome;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(command_line)

BOOST_AUTO_TEST_CASE(a_command_gets_its_options) {
  const Outcome outcome = run({"bench", "record", "--count", "7", "--json"});
  BOOST_TEST(outcome.status == kExitOk);
  BOOST_TEST(outcome.err.empty());
  BOOST_REQUIRE(outcome.log.size() == 1U);
  BOOST_TEST(outcome.log[0] == "count 7 json");
}

BOOST_AUTO_TEST_CASE(common_options_may_stand_before_the_subcommand) {
  const Outcome outcome = run({"--quiet", "--json", "bench", "record"});
  BOOST_REQUIRE(outcome.log.size() == 1U);
  BOOST_TEST(outcome.log[0] == "count 1 json quiet");
}

BOOST_AUTO_TEST_CASE(a_usage_error_is_one_line_that_names_the_word_and_the_way_out) {
  const auto usage_error = [](std::vector<const char*> arguments, const std::string& expected) {
    const Outcome outcome = run(std::move(arguments));
    BOOST_TEST(outcome.status == kExitUsage);
    BOOST_TEST(outcome.err == "myelin: " + expected + '\n');
    BOOST_TEST(outcome.out.empty());
    BOOST_TEST(outcome.log.empty());
  };
  usage_error({"bnch"}, "unknown subcommand 'bnch'; did you mean 'bench'? See 'myelin --help'");
  usage_error({"consensus"}, "unknown subcommand 'consensus'. See 'myelin --help'");
  usage_error({"bench", "recrod"},
              "unknown subcommand 'recrod' of 'myelin bench'; did you mean 'record'? See 'myelin bench --help'");
  usage_error({"bench", "record", "--cuont", "3"},
              "unknown option '--cuont' for 'myelin bench record'; did you mean '--count'? "
              "See 'myelin bench record --help'");
  usage_error({"bench", "record", "--cuont=3"},
              "unknown option '--cuont' for 'myelin bench record'; did you mean '--count'? "
              "See 'myelin bench record --help'");
  usage_error({"bench", "record", "--count"}, "option '--count' needs a value. See 'myelin bench record --help'");
  usage_error({"bench", "record", "more"},
              "unexpected argument 'more' for 'myelin bench record'. See 'myelin bench record --help'");
}

BOOST_AUTO_TEST_CASE(a_wrong_value_is_told_with_what_is_expected) {
  const auto refused = [](const char* option, const char* value, const std::string& expected) {
    const Outcome outcome = run({"bench", "record", option, value});
    BOOST_TEST(outcome.status == kExitUsage);
    const bool asks = expected.ends_with('?');
    BOOST_TEST(outcome.err == "myelin: " + expected + (asks ? "" : ".") + " See 'myelin bench record --help'\n");
  };
  refused("--count", "many", "--count: 'many': expected a number");
  refused("--count", "99999999999999999999", "--count: '99999999999999999999': expected a number");
  refused("--limit", "abc", "--limit: 'abc': expected a number from 0.1 to 3600");
  refused("--limit", "0.01", "--limit: '0.01': expected a number from 0.1 to 3600");
  refused("--nodes", "65", "--nodes: '65': expected a whole number from 1 to 64");
  refused("--nodes", "2.5", "--nodes: '2.5': expected a whole number from 1 to 64");
  refused("--role", "oprator", "--role: 'oprator': expected one of: node, operator; did you mean 'operator'?");
}

BOOST_AUTO_TEST_CASE(help_and_version_go_to_stdout) {
  const Outcome help = run({"bench", "record", "--help"});
  BOOST_TEST(help.status == kExitOk);
  BOOST_TEST(help.out.find("--count") != std::string::npos);
  BOOST_TEST(help.out.find("--json") != std::string::npos);
  const Outcome version = run({"--version"});
  BOOST_TEST(version.status == kExitOk);
  BOOST_TEST(version.out == "myelin 1.2.3\n");
}

BOOST_AUTO_TEST_CASE(what_is_to_be_explained_is_not_run) {
  const std::string told = run({"bench", "record", "--help"}).out;
  for (const std::vector<const char*>& words : {std::vector<const char*>{"help", "bench", "record"},
                                                {"--json", "help", "bench", "record"},
                                                {"--quiet", "--json", "help", "bench", "record"}}) {
    const Outcome outcome = run(words);
    BOOST_TEST(outcome.status == kExitOk);
    BOOST_TEST(outcome.out == told);
  }
  // Where it is not seen to be the first word, it is a command itself, and the one beside it is not run.
  const Outcome beside = run({"--json=true", "help", "bench", "record"});
  BOOST_TEST(beside.status == kExitUsage);
  BOOST_TEST(beside.out.empty());
}

BOOST_AUTO_TEST_CASE(nothing_or_a_group_alone_shows_what_there_is) {
  BOOST_TEST(run({}).status == kExitUsage);
  BOOST_TEST(run({}).err.find("bench") != std::string::npos);
  BOOST_TEST(run({"bench"}).err.find("record") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_failure_is_one_line_and_with_json_a_document_too) {
  const Outcome plain = run({"bench", "record", "--count", "13"});
  BOOST_TEST(plain.status == kExitFailure);
  BOOST_TEST(plain.err == "myelin: no 13\n");
  BOOST_TEST(plain.out.empty());
  const Outcome json = run({"bench", "record", "--count", "13", "--json"});
  BOOST_TEST(json.status == kExitFailure);
  BOOST_TEST(nlohmann::json::parse(json.out)["error"]["name"].get<std::string>() == "not_found");
}

BOOST_AUTO_TEST_CASE(an_exception_becomes_a_failure_of_one_line) {
  const Outcome outcome = run({"bench", "record", "--count", "14"});
  BOOST_TEST(outcome.status == kExitFailure);
  BOOST_TEST(outcome.err == "myelin: internal error in 'bench record': out of luck\n");
}

BOOST_AUTO_TEST_CASE(an_interrupted_command_says_so_by_its_status) {
  std::stop_source stop;
  stop.request_stop();
  BOOST_TEST(run({"bench", "record"}, stop.get_token()).status == kExitInterrupted);
  BOOST_TEST(run({"bench", "record", "--count", "13"}, stop.get_token()).err.empty());
}

BOOST_AUTO_TEST_SUITE_END()
