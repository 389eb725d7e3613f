// Runs the built program as a user would: exit status, streams, Ctrl-C.
#include "../program.hpp"

#include <stdlib.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "comes_true.hpp"
#include "temporary_directory.hpp"

using myelin::test::Outcome;
using myelin::test::Program;
using myelin::test::run;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(cli)

BOOST_AUTO_TEST_CASE(version_names_the_release_the_simd_target_and_the_backends) {
  const Outcome outcome = run({"--version"});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.out.starts_with("myelin "));
  BOOST_TEST(outcome.out.find("SIMD target: ") != std::string::npos);
  BOOST_TEST(outcome.out.find("backends: scalar, simd") != std::string::npos);
  BOOST_TEST(outcome.err.empty());
}

BOOST_AUTO_TEST_CASE(help_of_a_command_is_what_the_command_says) {
  BOOST_TEST(run({"help"}).out == run({"--help"}).out);
  BOOST_TEST(run({"help", "bench"}).out == run({"bench", "--help"}).out);
  BOOST_TEST(run({"help", "memory", "get"}).out == run({"memory", "get", "--help"}).out);
  BOOST_TEST(run({"help", "memory", "get", "colour"}).out == run({"memory", "get", "--help"}).out);  // not run
  const Outcome typo = run({"help", "memory", "got"});
  BOOST_TEST(typo.status == 2);
  BOOST_TEST(typo.err.find("did you mean 'get'?") != std::string::npos, typo.err);
  BOOST_TEST(run({"help", "certs", "new"}).out.find("{node,operator,read-only}") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_configuration_is_checked_however_it_is_named) {
  const myelin::test::TemporaryDirectory folder;
  const std::string file = folder.write("node.toml", "[node]\nname = 'north'\n").string();
  const Outcome plain = run({"config", "check", file});
  BOOST_TEST(plain.status == 0, plain.err);
  BOOST_TEST(run({"config", "check", "--config", file}).out == plain.out);
}

BOOST_AUTO_TEST_CASE(help_teaches_by_example) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"bench", "--help"},
                                                    {"bench", "agents", "--help"},
                                                    {"bench", "kernels", "--help"},
                                                    {"bench", "messages", "--help"},
                                                    {"new", "--help"},
                                                    {"new", "agent", "--help"},
                                                    {"demo", "--help"},
                                                    {"demo", "digits", "--help"},
                                                    {"demo", "ledger", "--help"},
                                                    {"bench", "network", "--help"},
                                                    {"bench", "consensus", "--help"},
                                                    {"keys", "--help"},
                                                    {"keys", "new", "--help"},
                                                    {"memory", "--help"},
                                                    {"memory", "put", "--help"},
                                                    {"memory", "get", "--help"},
                                                    {"memory", "cas", "--help"},
                                                    {"memory", "del", "--help"},
                                                    {"memory", "add", "--help"},
                                                    {"memory", "transfer", "--help"},
                                                    {"memory", "claim", "--help"},
                                                    {"memory", "search", "--help"}}) {
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

  const Outcome option = run({"bench", "kernels", "--quik"});
  BOOST_TEST(option.status == 2);
  BOOST_TEST(option.err_lines() == 1);
  BOOST_TEST(option.err.find("did you mean '--quick'?") != std::string::npos);

  const Outcome value = run({"bench", "kernels", "--repetitions", "0"});
  BOOST_TEST(value.status == 2);
  BOOST_TEST(value.err_lines() == 1);
}

BOOST_AUTO_TEST_CASE(a_bench_is_told_where_to_write) {
  const myelin::test::TemporaryDirectory folder;
  for (const char* option : {"--save", "--svg"}) {
    const Outcome none = run({"bench", "kernels", option, ""});
    BOOST_TEST(none.status == 2);
    BOOST_TEST(none.err.find(std::string{option} + ": expected the name of a file") != std::string::npos, none.err);
  }
  const std::string file = (folder.path() / "a").string();
  const Outcome same = run({"bench", "kernels", "--save", file, "--svg", (folder.path() / "." / "a").string()});
  BOOST_TEST(same.status == 2);
  BOOST_TEST(same.err_lines() == 1);
  BOOST_TEST(same.err.find("is the file of --save too") != std::string::npos, same.err);
  BOOST_TEST(same.out.empty());
  BOOST_TEST(!std::filesystem::exists(file));
}

BOOST_AUTO_TEST_CASE(bench_kernels_leaves_out_what_cannot_be_held_to_a_target) {
  const Outcome outcome = run({"bench", "kernels", "--family", "norms", "--quick", "--json", "--target", "scalar"});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.err.find("OpenBLAS and oneDNN cannot be held to SCALAR: they are left out") != std::string::npos,
             outcome.err);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["machine"]["simd_target"].get<std::string>() == "SCALAR");
  BOOST_TEST(document["openblas"].empty());
  BOOST_TEST(document["onednn"].is_null());
  for (const json& bar : document["bars"]) BOOST_TEST(bar["measured"].is_null(), bar["name"]);
}

BOOST_AUTO_TEST_CASE(bench_kernels_says_what_was_asked_and_what_cannot_be_drawn) {
  const myelin::test::TemporaryDirectory folder;
  const Outcome outcome = run({"bench", "kernels", "--family", "blake2b", "--quick", "--repetitions", "3", "--json",
                               "--svg", (folder.path() / "roofline.svg").string()});
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.err.find("the picture has no points") != std::string::npos, outcome.err);
  const json document = json::parse(outcome.out);
  BOOST_TEST((document["options"]["family"] == json{"blake2b"}));
  BOOST_TEST(document["options"]["target"].is_null());
  BOOST_TEST(document["options"]["repetitions"].get<int>() == 3);
  BOOST_TEST(document["results"][0]["series"][0]["values"].size() == 3U);
}

BOOST_AUTO_TEST_CASE(bench_kernels_says_who_chose_the_kernels_of_openblas) {
  const std::vector<std::string> arguments{"bench", "kernels", "--family", "blake2b", "--quick"};
  const Outcome outcome = run(arguments, {"OPENBLAS_CORETYPE=Haswell"});
  const bool has_openblas = outcome.err.find("OpenBLAS") == std::string::npos;  // else a warning says that it is absent
  BOOST_TEST((outcome.out.find("for OPENBLAS_CORETYPE=Haswell is set") != std::string::npos) == has_openblas);
  BOOST_TEST(run(arguments, {"OPENBLAS_CORETYPE="}).out.find("OPENBLAS_CORETYPE") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(bench_kernels_writes_one_json_document_and_a_picture) {
  std::string directory = (std::filesystem::temp_directory_path() / "myelin-cli-XXXXXX").string();
  BOOST_REQUIRE(mkdtemp(directory.data()) != nullptr);
  const std::string file = directory + "/kernels.json";
  const std::string picture = directory + "/roofline.svg";

  const Outcome outcome =
      run({"bench", "kernels", "--quick", "--family", "gemm", "--json", "--save", file, "--svg", picture});
  BOOST_TEST(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["command"].get<std::string>() == "bench kernels");
  BOOST_TEST(document["complete"].get<bool>());
  BOOST_TEST(document["limits"][0]["gflops"].get<double>() > 0);
  BOOST_TEST(!document["results"].empty());
  for (const json& result : document["results"]) BOOST_TEST(result["family"].get<std::string>() == "gemm");
  std::ifstream saved{file};
  BOOST_TEST((json::parse(saved) == document));
  std::ifstream drawn{picture};
  const std::string svg{std::istreambuf_iterator<char>{drawn}, {}};
  BOOST_TEST(svg.starts_with("<svg"));
  BOOST_TEST(svg.find("64 x 64 x 64: Myelin") != std::string::npos);
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{directory}, {}) == 2);
  std::filesystem::remove_all(directory);
}

BOOST_AUTO_TEST_CASE(bench_network_measures_two_processes) {
  const Outcome outcome = run({"bench", "network", "--quick", "--json"});
  BOOST_TEST(outcome.status == 0, outcome.err);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["complete"].get<bool>());
  const std::set<std::string> caf{"raw CAF", "raw CAF, TLS"}, ours{"Myelin", "Myelin, TLS"};
  std::set<std::string> agents = caf;
  agents.insert(ours.begin(), ours.end());
  std::set<std::string> all = agents;
  if (document["absent"].empty()) all.insert("ZeroMQ");
  std::set<std::string> with_epoll = all;
  with_epoll.insert("raw epoll");
  const std::map<std::string, std::set<std::string>> expected{{"64 B, one by one", all},
                                                              {"64 B, 256 together", all},
                                                              {"1 KiB", all},
                                                              {"64 KiB", all},
                                                              {"1 MiB", all},
                                                              {"question at rest, p50", with_epoll},
                                                              {"question at rest, p99", with_epoll},
                                                              {"control message at rest, p50", ours},
                                                              {"question under 1 MiB bulk, p50", all},
                                                              {"question under 1 MiB bulk, what flows meanwhile", all},
                                                              {"control message under 1 MiB bulk, p99", ours},
                                                              {"1,000 agents asked, all answers", agents},
                                                              {"start of a process until it is ready", agents},
                                                              {"kill -9 until an open question fails", agents},
                                                              {"start anew until the next answer", agents},
                                                              {"SIGSTOP until an open question fails", ours}};
  for (const auto& [name, sides] : expected) {
    const auto& results = document["results"];
    const auto result = std::ranges::find_if(results, [&](const json& each) { return each["name"] == name; });
    BOOST_REQUIRE_MESSAGE(result != results.end(), name);
    std::set<std::string> measured;
    for (const json& series : (*result)["series"]) {
      measured.insert(series["name"].get<std::string>());
      BOOST_TEST(series["summary"]["median"].get<double>() > 0, name);
    }
    BOOST_TEST((measured == sides), name);
  }
  BOOST_TEST(document["bars"].size() == 12U);
}

BOOST_AUTO_TEST_CASE(bench_network_measures_what_is_asked_for) {
  const Outcome none = run({"bench", "network", "--quick", "--only", "no such case"});
  BOOST_TEST(none.status == 1);
  BOOST_TEST(none.err.find("no case's name holds 'no such case'") != std::string::npos, none.err);
  const Outcome some = run({"bench", "network", "--quick", "--quiet", "--only", "64 KiB"});
  BOOST_TEST(some.status == 0);
  BOOST_TEST(some.out.find("64 KiB") != std::string::npos);
  BOOST_TEST(some.out.find("question") == some.out.find("question at rest, to raw epoll"), some.out);
}

BOOST_AUTO_TEST_CASE(bench_consensus_measures_the_core_when_told_to) {
  const Outcome outcome = run({"bench", "consensus", "--core", "--quick", "--json"});
  BOOST_TEST(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["complete"].get<bool>());
  for (const char* part : {"core", "executors", "state_root", "crypto"}) {
    BOOST_TEST(!document["results"][part].empty());
    for (const json& comparison : document["results"][part]) {
      for (const json& series : comparison["series"]) BOOST_TEST(series["summary"]["median"].get<double>() > 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(bench_consensus_loads_groups_and_holds_their_figures_against_the_bars) {
  const Outcome outcome = run({"bench", "consensus", "--quick", "--json"});
  BOOST_TEST(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["complete"].get<bool>());
  BOOST_TEST(document["results"]["recovery"].size() == 1U);
  for (const char* part : {"saturation", "sweep"}) {
    BOOST_TEST(!document["results"][part].empty());
    for (const json& result : document["results"][part]) {
      BOOST_TEST(result["rounds"].size() == 1U);
      BOOST_TEST(result["figures"]["transactions_a_second"]["median"].get<double>() > 0);
      BOOST_TEST(result["figures"]["p99_ns"]["median"].get<double>() > 0);
      BOOST_TEST(result["figures"]["failed_share"]["median"].get<double>() == 0);
    }
  }
  BOOST_TEST(document["results"]["executor"][0]["series"][0]["summary"]["median"].get<double>() > 0);
  for (const json& result : document["results"]["recovery"]) {
    BOOST_TEST(result["figures"]["seconds"]["median"].get<double>() > 0);
  }
  BOOST_TEST(document["bars"].size() == 13U);
}

BOOST_AUTO_TEST_CASE(demo_ledger_writes_one_json_document_with_balances_that_add_up) {
  const Outcome outcome =
      run({"demo", "ledger", "--quick", "--json", "--conflict", "medium", "--agents", "20", "--seconds", "0.5"});
  BOOST_TEST(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["complete"].get<bool>());
  BOOST_TEST(document["balances"]["add_up"].get<bool>());
  BOOST_TEST(document["balances"]["total"].get<int>() == 100'000);
  BOOST_TEST(document["agents"].get<int>() == 20);
  BOOST_TEST(document["transfers"]["moved"].get<int>() > 0);
}

BOOST_AUTO_TEST_CASE(demo_ledger_names_the_choices) {
  const Outcome conflict = run({"demo", "ledger", "--conflict", "huge"});
  BOOST_TEST(conflict.status == 2);
  BOOST_TEST(conflict.err_lines() == 1);
  BOOST_TEST(conflict.err.find("choose low, medium or high") != std::string::npos);
  const Outcome executor = run({"demo", "ledger", "--executor", "fast"});
  BOOST_TEST(executor.status == 2);
  BOOST_TEST(executor.err.find("block_stm") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(demo_ledger_ends_soon_when_interrupted_and_looks_at_the_balances_all_the_same) {
  std::array<int, 2> err{};
  BOOST_REQUIRE(::pipe2(err.data(), O_CLOEXEC) == 0);
  Program program{{"demo", "ledger", "--seconds", "3600", "--agents", "5", "--conflict", "high", "--json"}, err[1]};
  ::close(err[1]);
  // The transfers have begun when a line of figures is there.
  std::string seen;
  for (char next = 0; seen.find("p99") == std::string::npos && ::read(err[0], &next, 1) == 1;) seen += next;
  program.interrupt();
  const Outcome outcome = program.wait();
  ::close(err[0]);
  BOOST_TEST(outcome.status == 130);
  const json document = json::parse(outcome.out);
  BOOST_TEST(!document["complete"].get<bool>());
  BOOST_TEST(document["balances"]["add_up"].get<bool>());
}

BOOST_AUTO_TEST_CASE(new_agent_says_in_json_which_files_it_wrote_and_writes_over_none) {
  std::string directory = (std::filesystem::temp_directory_path() / "myelin-cli-XXXXXX").string();
  BOOST_REQUIRE(mkdtemp(directory.data()) != nullptr);
  const std::string project = directory + "/feed";

  const Outcome outcome = run({"new", "agent", "PriceFeed", "--directory", project, "--json"});
  BOOST_TEST(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["name"].get<std::string>() == "price_feed");
  BOOST_TEST(document["class"].get<std::string>() == "PriceFeed");
  BOOST_TEST(document["files"].size() == 8U);
  for (const json& file : document["files"]) {
    BOOST_TEST(std::filesystem::is_regular_file(project + '/' + file.get<std::string>()), file);
  }
  std::ifstream schema{project + "/price_feed.capnp"};
  std::string first;
  std::getline(schema, first);
  BOOST_TEST(first == '@' + document["schema_id"].get<std::string>() + ';');

  const Outcome again = run({"new", "agent", "PriceFeed", "--directory", project});
  BOOST_TEST(again.status == 1);
  BOOST_TEST(again.err_lines() == 1);
  const Outcome wrong = run({"new", "agent", "2fast", "--directory", directory + "/other"});
  BOOST_TEST(wrong.status == 2);
  BOOST_TEST(wrong.err_lines() == 1);
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{directory}, {}) == 1);
  std::filesystem::remove_all(directory);
}

BOOST_AUTO_TEST_CASE(quiet_leaves_stderr_to_warnings) {
  const Outcome outcome = run({"bench", "kernels", "--family", "gemm", "--quick", "--quiet"});
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

BOOST_AUTO_TEST_CASE(bench_agents_writes_one_json_document) {
  const Outcome outcome = run({"bench", "agents", "--quick", "--json", "--only", "counting,live,overload,lone"});
  BOOST_TEST(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["complete"].get<bool>());
  BOOST_TEST(document["results"].size() == 7U);
  for (const json& result : document["results"]) {
    BOOST_TEST(result["series"][0]["summary"]["median"].get<double>() > 0.0, result["name"]);
  }
  BOOST_TEST(document["bars"].size() == 4U);
}

BOOST_AUTO_TEST_CASE(bench_agents_corrects_a_name) {
  const Outcome outcome = run({"bench", "agents", "--only", "skynt"});
  BOOST_TEST(outcome.status == 2);
  BOOST_TEST(outcome.err_lines() == 1);
  BOOST_TEST(outcome.err.find("did you mean 'skynet'?") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bench_agents_without_erlang_says_how_to_get_it) {
  const Outcome outcome = run({"bench", "agents", "--quick", "--quiet", "--only", "counting"}, {"PATH=/nowhere"});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.out.find("not installed: apt-get install erlang-base") != std::string::npos);
  BOOST_TEST(outcome.out.find("Counting") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_saved_is_a_failure_of_one_line_before_any_work) {
  const Outcome outcome =
      run({"bench", "kernels", "--family", "gemm", "--quick", "--quiet", "--save", "/nowhere/kernels.json"});
  BOOST_TEST(outcome.status == 1);
  BOOST_TEST(outcome.out.empty());  // no report: nothing was measured
  BOOST_TEST(outcome.err.find("/nowhere/kernels.json") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_full_disk_behind_stdout_is_a_failure) {
  const std::string command = std::string{MYELIN_BINARY} + " --help >/dev/full 2>/dev/null";
  const int status = std::system(command.c_str());
  BOOST_TEST(WEXITSTATUS(status) == 1);
}

BOOST_AUTO_TEST_CASE(an_interrupt_stops_with_the_document_so_far) {
  // Progress on stderr says that the first case has begun; only then comes the interrupt.
  std::array<int, 2> err{};
  BOOST_REQUIRE(::pipe2(err.data(), O_CLOEXEC) == 0);
  Program program{{"bench", "kernels", "--family", "gemm", "--repetitions", "1000", "--json"}, err[1]};
  ::close(err[1]);
  std::string said;
  for (char next = 0; said.find(": round ") == std::string::npos && ::read(err[0], &next, 1) == 1;) said += next;
  program.interrupt();
  const Outcome outcome = program.wait();
  for (char next = 0; ::read(err[0], &next, 1) == 1;) said += next;
  ::close(err[0]);
  BOOST_TEST(outcome.status == 130);
  BOOST_TEST(said.find("myelin: interrupted: what follows is incomplete\n") != std::string::npos, said);
  const json document = json::parse(outcome.out);
  BOOST_TEST(!document["complete"].get<bool>());
  BOOST_TEST(!document["bars"].empty());
  for (const json& bar : document["bars"]) BOOST_TEST(bar["met"].is_null(), bar["name"]);
}

BOOST_AUTO_TEST_SUITE_END()
