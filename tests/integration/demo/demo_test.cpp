// Runs `myelin demo digits` as a user would, on data of the test's own; on the real digits where they are in the cache.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "../program.hpp"
#include "myelin/actors/network_file.hpp"
#include "process/environment.hpp"
#include "synthetic_digits.hpp"
#include "temporary_directory.hpp"

using myelin::test::content_of;
using myelin::test::Outcome;
using myelin::test::Program;
using nlohmann::json;

namespace {

struct Fixture {
  myelin::test::TemporaryDirectory directory;
  std::string data = directory.write("digits.csv", myelin::test::synthetic_digits_csv(200));

  /// A quick run on the synthetic data.
  [[nodiscard]] Outcome demo(const std::vector<std::string>& more,
                             const std::vector<std::string>& settings = {}) const {
    std::vector<std::string> arguments{"demo",       "digits", "--quick", "--agents", "20",
                                       "--requests", "500",    "--data",  data};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return myelin::test::run(arguments, settings);
  }
  /// The same without --data, which may be given once only.
  [[nodiscard]] static Outcome demo_on(const std::string& file, const std::vector<std::string>& settings = {}) {
    return myelin::test::run({"demo", "digits", "--quick", "--data", file}, settings);
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{directory.path()}, {}));
  }
};

/// One image that is said to be a nought as often as a one: no training reads more than half of it, so none ends early.
std::string contradictory_digits_csv() {
  std::string pixels;
  for (std::size_t pixel = 0; pixel < myelin::digits::kPixels; ++pixel) pixels += std::to_string(pixel % 2 * 12) + ',';
  std::string text;
  for (std::size_t row = 0; row < 200; ++row) text += pixels + (row % 2 == 0 ? "0\n" : "1\n");
  return text;
}

/// One line that names `part`, nothing on stdout, no exit status 0.
void check_refused(const Outcome& outcome, int status, const std::string& part) {
  BOOST_TEST(outcome.status == status);
  BOOST_TEST(outcome.out.empty());
  BOOST_TEST(outcome.err_lines() == 1, outcome.err);
  BOOST_TEST(outcome.err.starts_with("myelin: "), outcome.err);
  BOOST_TEST(outcome.err.find(part) != std::string::npos, outcome.err << " lacks " << part);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(demo_digits, Fixture)

BOOST_AUTO_TEST_CASE(the_results_are_in_the_shared_memory) {
  const json own = json::parse(demo({"--json", "--quiet"}).out)["memory"];
  BOOST_TEST(own["validators"].get<int>() == 4);
  BOOST_TEST(own["run"].get<std::string>() == "run0001");
  BOOST_TEST(own["keys"].get<int>() == 27);
  // And stay, where they are told to; the next run's lie beside them.
  const std::string memory = (directory.path() / "memory").string();
  for (const std::string run : {"run0001", "run0002"}) {
    const Outcome outcome = demo({"--json", "--quiet", "--memory", memory});
    BOOST_REQUIRE(outcome.status == 0);
    const json document = json::parse(outcome.out);
    BOOST_TEST(document["memory"]["run"].get<std::string>() == run);
    const Outcome found = myelin::test::run({"memory", "get", "digits/" + run + "/batched/correct", "--dir", memory});
    BOOST_TEST(found.status == 0, found.err);
    BOOST_TEST(std::stoi(found.out) == document["accuracy"]["correct"].get<int>());
  }
  check_refused(demo({"--memory", data}), 1, data);
}

BOOST_AUTO_TEST_CASE(the_json_document_adds_up) {
  const Outcome outcome = demo({"--json", "--quiet"});
  BOOST_REQUIRE(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["command"].get<std::string>() == "demo digits");
  BOOST_TEST(document["complete"].get<bool>());
  BOOST_TEST(document["success_rate"].get<double>() == 1.0);
  BOOST_TEST(document["data"]["train_images"].get<int>() == 160);
  BOOST_TEST(document["accuracy"]["classified"].get<int>() == 40);
  BOOST_TEST(document["accuracy"]["total"].get<int>() == 40);
  BOOST_TEST(document["accuracy"]["share"].get<double>() > 0.9);
  BOOST_TEST(document["mesh"]["agents"].get<int>() == 20);
  BOOST_TEST(document["mesh"]["agent_start"]["samples"].get<int>() == 20);
  BOOST_REQUIRE(document["columns"].size() == 2U);
  for (const json& column : document["columns"]) {
    BOOST_TEST(column["requests"].get<int>() == 500);
    BOOST_TEST(column["answered"].get<int>() + column["failed"].get<int>() == 500);
    BOOST_TEST(column["latency"]["samples"].get<int>() == column["answered"].get<int>());
    BOOST_TEST(column["latency"]["p50_ns"].get<double>() <= column["latency"]["p99_ns"].get<double>());
    const json& kernel = column["kernel"];
    BOOST_TEST(kernel["requests"].get<int>() == 500);
    int calls = 0;
    for (const auto& [reason, number] : kernel["calls_by_reason"].items()) calls += number.get<int>();
    BOOST_TEST(kernel["calls"].get<int>() == calls);
    BOOST_TEST(kernel["largest_batch"].get<int>() <= column["max_batch"].get<int>());
  }
  BOOST_TEST(document["columns"][1]["kernel"]["calls"].get<int>() == 500);  // batching off
  BOOST_TEST(document["claims"].size() == 10U);
  for (const json& claim : document["claims"]) {
    BOOST_TEST(claim["measured"].get<double>() >= 0.0, claim["key"]);
  }
}

BOOST_AUTO_TEST_CASE(the_text_shows_digits_both_columns_and_the_claims) {
  const Outcome outcome = demo({"--quiet"}, {"LC_ALL=C"});
  BOOST_TEST(outcome.status == 0);
  for (const char* part :
       {"40 held out", "Accuracy", "batching on", "batching off", "latency p99", "times better", "@@"}) {
    BOOST_TEST(outcome.out.find(part) != std::string::npos, part << " is missing");
  }
  BOOST_TEST(std::ranges::all_of(outcome.out, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
}

BOOST_AUTO_TEST_CASE(a_saved_network_answers_like_the_one_that_was_trained) {
  const std::string model = (directory.path() / "digits.mynn").string();
  const Outcome trained = demo({"--json", "--quiet", "--save-model", model});
  BOOST_REQUIRE(trained.status == 0);
  const Outcome loaded = demo({"--json", "--quiet", "--model", model});
  BOOST_REQUIRE(loaded.status == 0);
  BOOST_TEST((json::parse(trained.out)["accuracy"] == json::parse(loaded.out)["accuracy"]));
  BOOST_TEST(!json::parse(loaded.out).contains("training"));
}

BOOST_AUTO_TEST_CASE(flags_go_before_the_file) {
  const std::string file = directory.write("x.toml", "[demo.digits]\nmax-batch = 5\nagents = 7\n[mesh]\nworkers = 1\n");
  const Outcome outcome = demo({"--json", "--quiet", "--config", file});
  BOOST_REQUIRE(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["mesh"]["agents"].get<int>() == 20);
  BOOST_TEST(document["mesh"]["workers"].get<int>() == 1);
  BOOST_TEST(document["columns"][0]["max_batch"].get<int>() == 5);
}

BOOST_AUTO_TEST_CASE(slips_of_the_command_line_cost_one_line_and_status_2) {
  check_refused(demo({"--agnets", "3"}), 2, "did you mean '--agents'?");
  check_refused(demo({"--in-flight", "0"}), 2, "--in-flight");
  check_refused(demo({"--epochs", "some"}), 2, "--epochs");
  check_refused(demo({"--backend", "cuda"}), 2, "auto, scalar, simd or opencl");
}

BOOST_AUTO_TEST_CASE(bad_data_is_named_with_the_remedy) {
  check_refused(demo_on("/nowhere/digits.csv.gz"), 1, "fetch-digits");
  check_refused(demo_on(directory.write("short.csv", "1,2,3\n")), 1, "short.csv', line 1");
  check_refused(demo_on(directory.write("few.csv", myelin::test::synthetic_digits_csv(4))), 1, "few.csv");
  check_refused(demo_on(directory.path()), 1, "is a directory");
  check_refused(myelin::test::run({"demo", "digits", "--quick"}, {"MYELIN_DATA_DIR=" + directory.path().string()}), 1,
                "digits.csv.gz");
  check_refused(myelin::test::run({"demo", "digits", "--data", data, "--requests", "39"}), 1, "40 held-out images");
}

BOOST_AUTO_TEST_CASE(a_bad_network_file_is_named_with_the_remedy) {
  check_refused(demo({"--model", "/nowhere/digits.mynn"}), 1, "/nowhere/digits.mynn");

  const auto model = directory.path() / "digits.mynn";
  const std::vector<std::size_t> widths{64, 16, 10};
  BOOST_REQUIRE(myelin::save_network(*myelin::kernels::Network::make(widths, 1), model).has_value());
  const std::string bytes = content_of(model);
  const std::string truncated = directory.write("truncated.mynn", bytes.substr(0, bytes.size() / 2));
  check_refused(demo({"--model", truncated}), 1, "truncated.mynn");
  std::string damaged = bytes;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  check_refused(demo({"--model", directory.write("damaged.mynn", damaged)}), 1, "checksum");

  const auto small = directory.path() / "small.mynn";
  const std::vector<std::size_t> other{5, 3};
  BOOST_REQUIRE(myelin::save_network(*myelin::kernels::Network::make(other, 1), small).has_value());
  check_refused(demo({"--model", small.string()}), 1, "64 and 10");
}

BOOST_AUTO_TEST_CASE(a_place_that_cannot_be_written_is_named_before_any_work) {
  check_refused(demo({"--save-model", "/nowhere/digits.mynn"}), 1, "no directory '/nowhere'");
  check_refused(demo({"--save-model", directory.path().string()}), 1, "is a directory");
  check_refused(demo({"--save-model", data + "/digits.mynn"}), 1, "--save-model");
  check_refused(demo({"--save-model", "/proc/digits.mynn", "--quiet"}), 1, "/proc");
}

BOOST_AUTO_TEST_CASE(a_missing_opencl_device_is_said_with_the_remedy) {
  const auto empty = directory.path() / "vendors";
  std::filesystem::create_directory(empty);
  const Outcome outcome = demo({"--backend", "opencl"}, {"OCL_ICD_VENDORS=" + empty.string()});
  check_refused(outcome, 1, "OpenCL");
}

BOOST_AUTO_TEST_CASE(a_failure_with_json_is_a_document_too) {
  const Outcome outcome = demo({"--json", "--model", "/nowhere/digits.mynn"});
  BOOST_TEST(outcome.status == 1);
  BOOST_TEST(json::parse(outcome.out)["error"]["name"].get<std::string>() == "not_found");
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_it_soon_and_leaves_nothing_behind) {
  const std::string endless = directory.write("endless.csv", contradictory_digits_csv());
  const std::size_t files_before = files();
  const std::string model = (directory.path() / "digits.mynn").string();
  std::array<int, 2> err{};
  BOOST_REQUIRE(::pipe2(err.data(), O_CLOEXEC) == 0);
  // Epochs without end: the interrupt comes while it trains. The first bytes on stderr say that it has begun.
  Program program{{"demo", "digits", "--data", endless, "--epochs", "100000", "--seed", "1", "--save-model", model},
                  err[1]};
  ::close(err[1]);
  char first = 0;
  BOOST_REQUIRE(::read(err[0], &first, 1) == 1);
  const auto began = std::chrono::steady_clock::now();
  program.interrupt();
  const Outcome outcome = program.wait();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  ::close(err[0]);
  BOOST_TEST(outcome.status == 130);
  BOOST_TEST(outcome.out.empty());
  BOOST_TEST(took.count() < 2.0);  // 0.05 s on an idle machine; test machines are not
  BOOST_TEST(files() == files_before);
}

BOOST_AUTO_TEST_CASE(it_reads_the_real_digits) {
  const auto path = myelin::digits::data_file({}, myelin::tool::Environment::of_process());
  if (!std::filesystem::exists(path)) {
    BOOST_TEST_MESSAGE("skipped: no " << path << "; scripts/fetch-digits gets it");
    return;
  }
  const Outcome outcome = myelin::test::run({"demo", "digits", "--quick", "--json", "--quiet"});
  BOOST_REQUIRE(outcome.status == 0);
  const json document = json::parse(outcome.out);
  BOOST_TEST(document["accuracy"]["total"].get<int>() == 359);
  BOOST_TEST(document["accuracy"]["classified"].get<int>() == 359);
  BOOST_TEST(document["accuracy"]["share"].get<double>() > 0.96);
}

BOOST_AUTO_TEST_SUITE_END()
