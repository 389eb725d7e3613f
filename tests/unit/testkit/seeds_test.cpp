#include "myelin/testkit/seeds.hpp"

#include <cstdlib>
#include <optional>

#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/testkit/probe.hpp"

using myelin::AgentRef;
using myelin::testkit::for_each_seed;
using myelin::testkit::overruled;
using myelin::testkit::Probe;
using myelin::testkit::require;
using myelin::testkit::SeedFailed;
using myelin::testkit::TestMesh;

namespace {

/// Believes that the Note, which says who somebody is, always comes before that one's first Tick: nobody promises that,
/// for they come from two senders.
class Believer : public myelin::Agent {
 public:
  explicit Believer(AgentRef audience) : audience_{std::move(audience)} {}
  static void handlers(myelin::Handlers<Believer>& on) {
    on.message<&Believer::name>();
    on.message<&Believer::tick>();
  }

 private:
  void name(samples::Note::Reader note) { name_ = note.getText().cStr(); }
  void tick(samples::Tick::Reader) {
    tell(audience_, [&](samples::Note::Builder note) { note.setText(name_.value_or("somebody unknown")); });
  }
  AgentRef audience_;
  std::optional<std::string> name_;
};

void story(std::uint64_t seed) {
  TestMesh mesh{seed};
  Probe audience{mesh, "audience"};
  const AgentRef believer = mesh.spawn<Believer>(audience.ref());
  const AgentRef namer = mesh.spawn<test::Relay>(believer), ticker = mesh.spawn<test::Relay>(believer);
  mesh.tell(namer, [](samples::Note::Builder note) { note.setText("Ada"); });
  mesh.tell(ticker, [](samples::Tick::Builder) {});
  audience.expect<samples::Note>([](samples::Note::Reader note) { return note.getText() == "Ada"; });
}

/// The environment for one test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_{name} { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(seeds)

BOOST_AUTO_TEST_CASE(a_belief_in_an_order_that_nobody_promises_is_found_and_its_seed_replays_it) {
  BOOST_CHECK_NO_THROW(story(0));  // in plain order nothing is wrong
  std::uint64_t seed = 0;
  std::string report;
  try {
    for_each_seed({.first = 1, .count = 100}, story);
    BOOST_ERROR("not found within 100 seeds");
  } catch (const SeedFailed& failure) {
    seed = failure.seed();
    report = failure.what();
  }
  BOOST_TEST(report.find("MYELIN_TEST_SEED=" + std::to_string(seed)) != std::string::npos, report);
  BOOST_TEST(report.find("somebody unknown") != std::string::npos, report);
  BOOST_TEST(report.find("handles Tick") != std::string::npos, report);

  const Variable replay{"MYELIN_TEST_SEED", std::to_string(seed)};
  int runs = 0;
  try {
    for_each_seed({.first = 1, .count = 100}, [&](std::uint64_t only) {
      ++runs;
      BOOST_TEST(only == seed);
      story(only);
    });
    BOOST_ERROR("the seed passed when run again");
  } catch (const SeedFailed& failure) {
    BOOST_TEST(failure.what() == report);
  }
  BOOST_TEST(runs == 1);
}

BOOST_AUTO_TEST_CASE(every_seed_is_run_once_in_order) {
  std::vector<std::uint64_t> run;
  for_each_seed({.first = 5, .count = 3}, [&](std::uint64_t seed) { run.push_back(seed); });
  BOOST_TEST(run == (std::vector<std::uint64_t>{5, 6, 7}), boost::test_tools::per_element());
  const Variable range{"MYELIN_TEST_SEEDS", "8..9"};
  for_each_seed({.first = 5, .count = 3}, [&](std::uint64_t seed) { run.push_back(seed); });
  BOOST_TEST(run == (std::vector<std::uint64_t>{5, 6, 7, 8, 9}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_environment_is_read_or_refused) {
  BOOST_TEST(overruled({.first = 1, .count = 9}, nullptr, nullptr).count == 9U);
  BOOST_TEST(overruled({.first = 1, .count = 9}, "", "").count == 9U);
  const auto one = overruled({}, "123", "1..5");
  BOOST_TEST(one.first == 123U);
  BOOST_TEST(one.count == 1U);
  const auto range = overruled({}, nullptr, "3..5");
  BOOST_TEST(range.first == 3U);
  BOOST_TEST(range.count == 3U);
  BOOST_TEST(overruled({}, nullptr, "7").count == 1U);
  for (const char* bad : {"x", "1..", "..5", "5..1", "1...3", "-1"}) {
    BOOST_CHECK_THROW(static_cast<void>(overruled({}, nullptr, bad)), std::invalid_argument);
  }
  BOOST_CHECK_THROW(static_cast<void>(overruled({}, "1..2", nullptr)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(an_exception_of_the_tests_own_is_reported_with_the_last_steps_of_its_mesh) {
  try {
    for_each_seed({}, [](std::uint64_t seed) {
      TestMesh mesh{seed};
      mesh.tell(mesh.spawn<test::Doubler>(), [](samples::Tick::Builder) {});
      mesh.run();
      throw std::runtime_error{"it is wrong"};
    });
    BOOST_ERROR("it passed");
  } catch (const SeedFailed& failure) {
    const std::string text = failure.what();
    BOOST_TEST(text.find("it is wrong") != std::string::npos, text);
    BOOST_TEST(text.find("Doubler 1 handles Tick") != std::string::npos, text);
  }
  // What is no std::exception, as some frameworks throw, passes through.
  BOOST_CHECK_THROW(for_each_seed({}, [](std::uint64_t) { throw 5; }), int);
}

BOOST_AUTO_TEST_CASE(checks_that_only_note_a_failure_end_the_run_too) {
  bool noted = false;
  BOOST_CHECK_EXCEPTION(for_each_seed({.first = 1, .count = 10, .failed = [&] { return noted; }},
                                      [&](std::uint64_t seed) { noted = seed == 4; }),
                        SeedFailed, [](const SeedFailed& failure) { return failure.seed() == 4; });
  BOOST_CHECK_THROW(require(false, "no"), myelin::testkit::ExpectationFailed);
  BOOST_CHECK_NO_THROW(require(true, "yes"));
}

BOOST_AUTO_TEST_SUITE_END()
