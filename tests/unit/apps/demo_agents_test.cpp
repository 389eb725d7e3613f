#include <boost/test/unit_test.hpp>
#include <set>

#include "demos/digits/collector.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "synthetic_digits.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::digits::Collector;
using myelin::digits::Desk;
using myelin::digits::Readiness;
using myelin::digits::Surroundings;
using myelin::digits::Tally;
using namespace std::chrono_literals;

namespace schema = myelin::digits::schema;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

/// Says "3" to every question but each `refuse_every`th, which it refuses; 0: refuses none. Remembers what it was
/// asked.
class Oracle : public myelin::Agent {
 public:
  struct Log {
    std::uint64_t asked = 0;
    std::set<std::vector<float>> images;
  };
  Oracle(Log& log, std::uint64_t refuse_every) : log_{log}, refuse_every_{refuse_every} {}
  static void handlers(myelin::Handlers<Oracle>& on) { on.message<&Oracle::infer>(); }

 private:
  void infer(myelin::schema::InferRequest::Reader request, myelin::Reply<myelin::schema::InferAnswer> reply) {
    const auto inputs = request.getInputs();
    std::vector<float> image;
    for (const float pixel : inputs) image.push_back(pixel);
    log_.images.insert(std::move(image));
    if (++log_.asked; refuse_every_ > 0 && log_.asked % refuse_every_ == 0) {
      return reply.fail({Errc::overloaded, "not now"});
    }
    reply.send([](myelin::schema::InferAnswer::Builder answer) {
      answer.setClassIndex(3);
      answer.setProbabilities({0.1F, 0.1F, 0.1F, 0.7F});
    });
  }

  Log& log_;
  std::uint64_t refuse_every_;
};

struct Fixture {
  myelin::DeterministicMesh test;
  std::shared_ptr<const myelin::digits::Samples> images =
      std::make_shared<const myelin::digits::Samples>(myelin::test::synthetic_digits(30));
  Oracle::Log log;
  std::shared_ptr<Desk> desk = std::make_shared<Desk>();
  AgentRef collector;

  void start(std::size_t agents, std::size_t in_flight = 1, std::uint64_t refuse_every = 0) {
    const auto surroundings = std::make_shared<Surroundings>();
    surroundings->images = images;
    surroundings->kernels.fill(test.mesh().spawn<Oracle>(log, refuse_every));
    surroundings->in_flight = in_flight;
    collector = test.mesh().spawn<Collector>(surroundings, agents, desk);
    test.mesh().tell(collector, [](schema::Hello::Builder) {});
    test.run();
  }

  Tally round(std::uint64_t requests) {
    test.mesh().tell(collector, [&](schema::Round::Builder round) { round.setRequests(requests); });
    test.run();
    auto tally = desk->finished.take({}, 0s);
    BOOST_REQUIRE(tally.has_value());
    BOOST_REQUIRE(tally->has_value());
    return **std::move(tally);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(demo_agents, Fixture)

BOOST_AUTO_TEST_CASE(every_agent_says_that_it_is_ready) {
  start(100);
  const auto ready = desk->ready.take({}, 0s);
  BOOST_REQUIRE(ready.has_value());
  BOOST_TEST((*ready)->agents == 100U);
  BOOST_TEST((*ready)->starts.size() == 100U);
}

BOOST_AUTO_TEST_CASE(every_question_is_asked_and_every_image_gets_one_verdict) {
  for (const std::size_t agents : {1U, 7U, 30U, 100U}) {
    log = {};
    start(agents);
    const Tally tally = round(300);
    BOOST_TEST(log.asked == 300U);
    BOOST_TEST(log.images.size() == images->size());
    BOOST_TEST(tally.requests == 300U);
    BOOST_TEST(tally.answered() == 300U);
    std::set<std::uint32_t> judged;
    for (const auto& verdict : tally.verdicts) {
      judged.insert(verdict.image);
      BOOST_TEST(verdict.digit == 3U);
      BOOST_TEST(verdict.confidence == 0.7F);
    }
    BOOST_TEST(tally.verdicts.size() == 30U);
    BOOST_TEST(judged.size() == 30U);
  }
}

BOOST_AUTO_TEST_CASE(refused_questions_are_counted_by_their_cause) {
  start(10, 3, 4);
  const Tally tally = round(400);
  BOOST_TEST(tally.answered() == 300U);
  BOOST_TEST(tally.failures() == 100U);
  BOOST_REQUIRE(tally.failed.contains(Errc::overloaded));
  BOOST_TEST(tally.failed.at(Errc::overloaded) == 100U);
  BOOST_TEST(tally.verdicts.size() < 30U);
}

BOOST_AUTO_TEST_CASE(agents_without_a_question_in_a_round_report_all_the_same) {
  start(100);
  BOOST_TEST(round(30).answered() == 30U);
  BOOST_TEST(round(200).answered() == 200U);
}

BOOST_AUTO_TEST_CASE(an_agent_with_fewer_questions_than_it_may_have_open_asks_no_more) {
  start(10, 1000);
  BOOST_TEST(round(45).answered() == 45U);
  BOOST_TEST(log.asked == 45U);
}

BOOST_AUTO_TEST_SUITE_END()
