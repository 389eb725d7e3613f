// What is counted and traced.
#include "myelin/actors/metrics.hpp"

#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "myelin/actors/mesh.hpp"

using myelin::AgentClassMetrics;
using myelin::AgentRef;
using myelin::DeterministicMesh;
using myelin::DurationHistogram;
using myelin::Held;
using myelin::Reply;
using myelin::Result;
using myelin::Span;
using test::Actor;
using test::Recorder;
using namespace std::chrono_literals;

namespace {

class Doubler : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Doubler>& on) {
    on.message<&Doubler::twice>();
    on.message<&Doubler::fail_on>();
  }

 private:
  void twice(samples::Tick::Reader tick, Reply<samples::Tick> reply) {
    reply.send([&](samples::Tick::Builder back) { back.setValue(2 * tick.getValue()); });
  }
  void fail_on(samples::Empty::Reader) { throw std::runtime_error{"asked to"}; }
};

/// Asks the doubler on behalf of whoever tells it a note, and tells the recorder afterwards.
class Middle : public myelin::Agent {
 public:
  Middle(AgentRef doubler, AgentRef recorder) : doubler_{std::move(doubler)}, recorder_{std::move(recorder)} {}
  static void handlers(myelin::Handlers<Middle>& on) { on.message<&Middle::note>(); }

 private:
  void note(samples::Note::Reader) {
    ask<samples::Tick>(
        doubler_, [](samples::Tick::Builder) {}, 1s,
        [this](Result<Held<samples::Tick>>) { tell(recorder_, [](samples::Tick::Builder) {}); });
  }
  AgentRef doubler_, recorder_;
};

struct Fixture {
  DeterministicMesh test;
  AgentClassMetrics of(const std::string& name) {
    const auto metrics = test.mesh().metrics();
    const AgentClassMetrics* found = metrics.find(name);
    BOOST_REQUIRE(found != nullptr);
    return *found;
  }
};

const std::string kRecorder = "test::Recorder";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(metrics, Fixture)

BOOST_AUTO_TEST_CASE(messages_are_counted_by_class_and_type) {
  Recorder::Log log;
  const AgentRef a = test.mesh().spawn<Recorder>(log), b = test.mesh().spawn<Recorder>(log);
  for (int index = 0; index < 3; ++index) test.mesh().tell(a, [](samples::Tick::Builder) {});
  test.mesh().tell(b, [](samples::Note::Builder) {});
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (int index = 0; index < 10; ++index) self.tell(b, [](samples::Tick::Builder) {});
  });
  BOOST_TEST(of(kRecorder).waiting == 4U);
  test.run();
  const AgentClassMetrics recorder = of(kRecorder);
  BOOST_TEST(recorder.started == 2U);
  BOOST_TEST(recorder.ended == 0U);
  BOOST_TEST(recorder.waiting == 0U);
  BOOST_TEST(recorder.deepest >= 3U);
  BOOST_REQUIRE(recorder.handlers.size() == 2U);
  BOOST_TEST(recorder.handlers[0].message == "Tick");
  BOOST_TEST(recorder.handlers[0].messages == 13U);
  BOOST_TEST(recorder.handlers[0].frames == 4U);
  BOOST_TEST(recorder.handlers[1].message == "Note");
  BOOST_TEST(recorder.handlers[1].messages == 1U);
  BOOST_TEST(recorder.messages() == 14U);
  BOOST_TEST(of("test::Actor").sent == 10U);
}

BOOST_AUTO_TEST_CASE(ends_and_failures_are_counted) {
  const AgentRef failing = test.mesh().spawn<Doubler>(), stopping = test.mesh().spawn<Doubler>();
  test.mesh().tell(failing, [](samples::Empty::Builder) {});
  test.mesh().stop_agent(stopping);
  test.run();
  const AgentClassMetrics doubler = of("(anonymous namespace)::Doubler");
  BOOST_TEST(doubler.started == 2U);
  BOOST_TEST(doubler.ended == 2U);
  BOOST_TEST(doubler.failed == 1U);
}

BOOST_AUTO_TEST_CASE(refused_messages_are_counted_where_they_did_not_fit) {
  Recorder::Log log;
  for (const auto reaction : {myelin::Overload::reject, myelin::Overload::drop_newest, myelin::Overload::drop_oldest}) {
    const AgentRef agent = test.mesh().spawn_with<Recorder>(
        {.mailbox = myelin::MailboxOptions{.capacity = 2, .when_full = reaction}}, log);
    for (int index = 0; index < 5; ++index) test.mesh().tell(agent, [](samples::Tick::Builder) {});
  }
  test.run();
  BOOST_TEST(of(kRecorder).refused == 9U);
  BOOST_TEST(of(kRecorder).messages() == 6U);
}

BOOST_AUTO_TEST_CASE(a_sample_of_waits_and_handler_times_is_kept) {
  Recorder::Log log;
  const AgentRef agent = test.mesh().spawn<Recorder>(log);
  constexpr std::uint64_t kFrames = 10 * myelin::kMetricsSampleOneIn;
  for (std::uint64_t index = 0; index < kFrames; ++index) test.mesh().tell(agent, [](samples::Tick::Builder) {});
  test.advance(100ms);
  test.run();
  const AgentClassMetrics recorder = of(kRecorder);
  BOOST_TEST(recorder.wait.count() == 10U);
  BOOST_TEST((recorder.wait.percentile(0.5) > 90ms));
  BOOST_TEST((recorder.wait.percentile(0.5) < 200ms));
  BOOST_TEST(recorder.handlers[0].time.count() == 10U);
  BOOST_TEST((recorder.handlers[0].time.percentile(0.5) > 0ns));
}

BOOST_AUTO_TEST_CASE(metrics_can_be_switched_off) {
  myelin::Mesh off{{.metrics = false, .deterministic = true}};
  Recorder::Log log;
  off.tell(off.spawn<Recorder>(log), [](samples::Tick::Builder) {});
  off.stop();
  BOOST_TEST(off.metrics().classes.empty());
}

BOOST_AUTO_TEST_CASE(histograms_count_by_powers_of_two) {
  BOOST_TEST(DurationHistogram::bucket_of(0ns) == 0U);
  BOOST_TEST(DurationHistogram::bucket_of(1ns) == 1U);
  BOOST_TEST(DurationHistogram::bucket_of(1023ns) == 10U);
  BOOST_TEST(DurationHistogram::bucket_of(1024ns) == 11U);
  BOOST_TEST(DurationHistogram::bucket_of(std::chrono::hours{10'000}) == DurationHistogram::kBuckets - 1);
  DurationHistogram histogram;
  BOOST_TEST((histogram.percentile(0.5) == 0ns));
  for (int index = 0; index < 99; ++index) ++histogram.buckets[DurationHistogram::bucket_of(1000ns)];
  ++histogram.buckets[DurationHistogram::bucket_of(1ms)];
  BOOST_TEST(histogram.count() == 100U);
  BOOST_TEST((histogram.percentile(0.5) == 1024ns));
  BOOST_TEST((histogram.percentile(1.0) >= 1ms));
}

BOOST_AUTO_TEST_CASE(a_traced_message_leaves_spans_that_hang_together) {
  Recorder::Log log;
  const AgentRef recorder = test.mesh().spawn<Recorder>(log);
  const AgentRef doubler = test.mesh().spawn<Doubler>();
  const AgentRef middle = test.mesh().spawn<Middle>(doubler, recorder);
  const myelin::TraceContext from_outside{.trace_id = {std::byte{7}}, .span_id = 99};
  test.mesh().send(middle, myelin::make_frame<samples::Note>([](samples::Note::Builder) {}, {.trace = from_outside}));
  test.mesh().tell(doubler, [](samples::Tick::Builder) {});  // not traced
  test.run();
  const std::vector<Span> spans = test.mesh().tracer().recent();
  BOOST_REQUIRE(spans.size() == 3U);
  for (const Span& span : spans) BOOST_TEST((span.context.trace_id == from_outside.trace_id));
  BOOST_TEST(spans[0].message_name == "Note");
  BOOST_TEST(spans[0].parent_span == 99U);
  BOOST_TEST(spans[1].agent == doubler.id());
  BOOST_TEST(spans[1].parent_span == spans[0].context.span_id);
  BOOST_TEST(spans[2].agent_class == kRecorder);
  BOOST_TEST(spans[2].parent_span == spans[0].context.span_id);
  BOOST_TEST(!spans[0].failed);
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_leaves_a_failed_span) {
  const AgentRef doubler = test.mesh().spawn<Doubler>();
  std::vector<Span> exported;
  test.mesh().tracer().export_to([&](const Span& span) { exported.push_back(span); });
  test.mesh().send(doubler, myelin::make_frame<samples::Empty>([](samples::Empty::Builder) {},
                                                               {.trace = {.trace_id = {std::byte{1}}, .span_id = 1}}));
  test.run();
  BOOST_REQUIRE(exported.size() == 1U);
  BOOST_TEST(exported[0].failed);
}

BOOST_AUTO_TEST_CASE(messages_of_two_traces_travel_apart_and_keep_their_order) {
  // A relay tells the recorder once for each note: batches must not mix what belongs to different requests.
  class Relay : public myelin::Agent {
   public:
    explicit Relay(AgentRef to) : to_{std::move(to)} {}
    static void handlers(myelin::Handlers<Relay>& on) { on.message<&Relay::note>(); }

   private:
    void note(samples::Note::Reader note) {
      const std::uint64_t value = note.getId();
      tell(to_, [&](samples::Tick::Builder tick) { tick.setValue(value); });
    }
    AgentRef to_;
  };
  Recorder::Log log;
  const AgentRef relay = test.mesh().spawn<Relay>(test.mesh().spawn<Recorder>(log));
  for (std::uint64_t id = 0; id < 6; ++id) {
    const myelin::TraceContext trace{.trace_id = {std::byte(id / 2)}, .span_id = id};  // the first two: not traced
    test.mesh().send(relay, myelin::make_frame<samples::Note>([&](samples::Note::Builder note) { note.setId(id); },
                                                              {.trace = trace}));
  }
  test.run();
  BOOST_TEST(log.ticks == (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}), boost::test_tools::per_element());
  for (std::size_t index = 0; index < 6; ++index) {
    BOOST_TEST((log.headers[index].trace.trace_id[0] == std::byte(index / 2)));
  }
}

BOOST_AUTO_TEST_CASE(a_share_of_messages_from_outside_begins_a_trace) {
  myelin::Mesh traced{{.trace_one_in = 4, .deterministic = true}};
  Recorder::Log log;
  const AgentRef recorder = traced.spawn<Recorder>(log);
  for (int index = 0; index < 20; ++index) traced.tell(recorder, [](samples::Tick::Builder) {});
  traced.stop();
  BOOST_TEST(traced.tracer().recent().size() <= 5U);
  BOOST_TEST(traced.dead_letters().recent().size() + log.ticks.size() == 20U);
  std::size_t begun = 0;
  for (const auto& letter : traced.dead_letters().recent()) begun += letter.frame.trace().traced() ? 1 : 0;
  for (const auto& header : log.headers) begun += header.trace.traced() ? 1 : 0;
  BOOST_TEST(begun == 5U);
}

BOOST_AUTO_TEST_SUITE_END()
