#include "myelin/actors/kernel_actor.hpp"

#include <future>

#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "myelin/actors/inference_kernel.hpp"

using myelin::AgentRef;
using myelin::BatchDecision;
using myelin::BatchPolicy;
using myelin::BatchState;
using myelin::BatchStatistics;
using myelin::decide;
using myelin::DeterministicMesh;
using myelin::DispatchReason;
using myelin::Errc;
using myelin::kNever;
using myelin::TimePoint;
using test::Actor;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::DispatchReason)
BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

const TimePoint kNow{1h};

using DoublingCall = myelin::KernelCall<samples::Tick, samples::Tick>;

/// Doubles, and writes down how many came at once.
class DoublingKernel : public myelin::BatchKernel<samples::Tick, samples::Tick> {
 public:
  explicit DoublingKernel(std::vector<std::size_t>& batches) : batches_{batches} {}
  void run(std::span<Call> calls) override {
    batches_.push_back(calls.size());
    for (Call& call : calls) {
      if (call.request->getValue() == 13) throw std::runtime_error{"thirteen"};
      if (call.request->getValue() == 14) continue;  // forgotten
      call.reply.send([&](samples::Tick::Builder tick) { tick.setValue(2 * call.request->getValue()); });
    }
  }

 private:
  std::vector<std::size_t>& batches_;
};

using DoublingActor = myelin::KernelActor<samples::Tick, samples::Tick>;

struct Fixture {
  DeterministicMesh test;
  std::vector<std::size_t> batches;
  std::shared_ptr<BatchStatistics> statistics = std::make_shared<BatchStatistics>();
  int good = 0;
  std::vector<Errc> errors;

  AgentRef spawn(const BatchPolicy& policy) {
    return test.mesh().spawn<DoublingActor>(std::make_shared<DoublingKernel>(batches), policy, statistics);
  }
  void ask(const AgentRef& kernel, std::uint64_t value, myelin::Duration timeout = 1s) {
    test.mesh().spawn<Actor>([this, kernel, value, timeout](Actor& self) {
      self.ask<samples::Tick>(
          kernel, [&](samples::Tick::Builder tick) { tick.setValue(value); }, timeout,
          [this, value](auto answer) {
            if (!answer) return errors.push_back(answer.error().code);
            good += (*answer)->getValue() == 2 * value;
          });
    });
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(batch_policy)

BOOST_AUTO_TEST_CASE(nothing_waits_nothing_runs) { BOOST_TEST(decide({}, {}, kNow).run == 0U); }

BOOST_AUTO_TEST_CASE(a_lone_request_never_waits_for_an_idle_kernel) {
  const BatchPolicy policy{.max_batch = 64, .preferred_batch = 32, .max_delay = 1h};
  const BatchDecision decision = decide(policy, {.waiting = 1, .oldest_arrival = kNow}, kNow);
  BOOST_TEST(decision.run == 1U);
  BOOST_TEST(decision.reason == DispatchReason::idle);
}

BOOST_AUTO_TEST_CASE(a_busy_kernel_is_waited_for) {
  BOOST_TEST(decide({}, {.waiting = 100, .oldest_arrival = kNow - 1h, .kernel_busy = true}, kNow).run == 0U);
}

BOOST_AUTO_TEST_CASE(a_full_batch_runs_at_once_and_holds_no_more_than_it_may) {
  const BatchDecision decision =
      decide({.max_batch = 64, .preferred_batch = 64}, {.waiting = 65, .oldest_arrival = kNow}, kNow);
  BOOST_TEST(decision.run == 64U);
  BOOST_TEST(decision.reason == DispatchReason::full);
}

BOOST_AUTO_TEST_CASE(a_small_batch_waits_for_more_until_its_delay_ends) {
  const BatchPolicy policy{.max_batch = 64, .preferred_batch = 32, .max_delay = 5ms};
  const BatchState state{.waiting = 3, .oldest_arrival = kNow};
  const BatchDecision early = decide(policy, state, kNow + 4ms);
  BOOST_TEST(early.run == 0U);
  BOOST_TEST((early.look_again == kNow + 5ms));
  const BatchDecision late = decide(policy, state, kNow + 5ms);
  BOOST_TEST(late.run == 3U);
  BOOST_TEST(late.reason == DispatchReason::delay);
}

BOOST_AUTO_TEST_CASE(a_delay_of_zero_does_not_turn_batching_off) {
  const BatchDecision decision =
      decide({.preferred_batch = 32, .max_delay = 0s}, {.waiting = 3, .oldest_arrival = kNow}, kNow);
  BOOST_TEST(decision.run == 3U);
}

BOOST_AUTO_TEST_CASE(a_deadline_cuts_the_wait_short) {
  const BatchPolicy policy{.max_batch = 64, .preferred_batch = 32, .max_delay = 1s};
  const BatchState state{.waiting = 3,
                         .oldest_arrival = kNow,
                         .earliest_deadline = kNow + 10ms,
                         .kernel_busy = false,
                         .expected_run = 4ms};
  BOOST_TEST((decide(policy, state, kNow).look_again == kNow + 6ms));
  const BatchDecision decision = decide(policy, state, kNow + 6ms);
  BOOST_TEST(decision.run == 3U);
  BOOST_TEST(decision.reason == DispatchReason::deadline);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(kernel_actor, Fixture)

BOOST_AUTO_TEST_CASE(what_comes_while_the_kernel_runs_gathers_and_runs_together) {
  // Under the deterministic scheduler an agent takes one message a turn: an offloaded call is still out in that turn.
  const AgentRef kernel = spawn({.max_batch = 64, .inline_below = 0s});
  for (int value = 0; value < 10; ++value) ask(kernel, value);
  test.run();
  BOOST_TEST(good == 10);
  const auto counts = statistics->snapshot();
  BOOST_TEST(counts.requests == 10U);
  BOOST_TEST(counts.batches == batches.size());
  BOOST_TEST(batches.size() < 10U);
  BOOST_TEST(batches[0] == 1U);  // the first found the kernel idle
}

BOOST_AUTO_TEST_CASE(a_preferred_batch_gathers_until_full_or_late) {
  const AgentRef kernel = spawn({.max_batch = 4, .preferred_batch = 4, .max_delay = 10ms, .inline_below = 1s});
  for (int value = 0; value < 1; ++value) ask(kernel, value);
  test.run();
  BOOST_TEST(good == 1);
  // A batch of messages from one agent arrives in one turn.
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (int value = 0; value < 3; ++value) {
      self.tell(kernel, [&](samples::Tick::Builder tick) { tick.setValue(value); });
    }
  });
  test.run();
  BOOST_TEST(batches == (std::vector<std::size_t>{1}), boost::test_tools::per_element());
  test.advance(10ms);
  test.run();
  BOOST_TEST(batches == (std::vector<std::size_t>{1, 3}), boost::test_tools::per_element());
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (int value = 0; value < 8; ++value) {
      self.tell(kernel, [&](samples::Tick::Builder tick) { tick.setValue(value); });
    }
  });
  test.run();
  BOOST_TEST(batches == (std::vector<std::size_t>{1, 3, 4, 4}), boost::test_tools::per_element());
  const auto counts = statistics->snapshot();
  BOOST_TEST(counts.by_reason[static_cast<int>(DispatchReason::full)] == 2U);
  BOOST_TEST(counts.by_reason[static_cast<int>(DispatchReason::delay)] == 1U);
  BOOST_TEST(counts.by_reason[static_cast<int>(DispatchReason::idle)] == 1U);
  BOOST_TEST(counts.largest == 4U);
}

BOOST_AUTO_TEST_CASE(a_request_whose_deadline_passed_is_not_run) {
  const AgentRef kernel = spawn({.max_batch = 8, .preferred_batch = 8, .max_delay = 1h, .inline_below = 1s});
  test.mesh().spawn<Actor>([&](Actor& self) {
    self.tell(kernel, [](samples::Tick::Builder) {});
    self.tell(kernel, [](samples::Tick::Builder) {});
  });
  test.run();
  ask(kernel, 1, 5ms);
  test.run();
  BOOST_TEST(batches.empty());
  test.advance(5ms);
  test.run();
  BOOST_REQUIRE(errors.size() == 1U);
  BOOST_TEST(errors[0] == Errc::timeout);
  BOOST_TEST(batches.size() == 1U);
  BOOST_TEST(statistics->snapshot().requests == 2U);
  BOOST_TEST(statistics->snapshot().expired == 1U);
}

BOOST_AUTO_TEST_CASE(too_many_waiting_requests_are_refused) {
  const AgentRef kernel = spawn({.max_batch = 100, .preferred_batch = 100, .max_delay = 1h, .max_waiting = 5});
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (int value = 0; value < 5; ++value) self.tell(kernel, [](samples::Tick::Builder) {});
  });
  ask(kernel, 1);
  test.run();
  BOOST_REQUIRE(errors.size() == 1U);
  BOOST_TEST(errors[0] == Errc::overloaded);
  BOOST_TEST(statistics->snapshot().refused == 1U);
}

BOOST_AUTO_TEST_CASE(a_kernel_that_throws_or_forgets_leaves_no_asker_waiting) {
  const AgentRef kernel = spawn({.inline_below = 1s});
  for (const int value : {13, 14, 15}) {
    ask(kernel, value);
    test.run();
  }
  BOOST_REQUIRE(errors.size() == 2U);
  BOOST_TEST(errors[0] == Errc::handler_failed);
  BOOST_TEST(errors[1] == Errc::no_reply);
  BOOST_TEST(good == 1);
}

BOOST_AUTO_TEST_CASE(a_network_answers_what_it_infers_and_refuses_other_widths) {
  const auto network = std::make_shared<const myelin::kernels::Network>(
      *myelin::kernels::Network::make(std::vector<std::size_t>{4, 8, 3}, 7));
  const std::shared_ptr<myelin::kernels::Backend> backend =
      *myelin::kernels::make_backend(myelin::kernels::BackendKind::scalar);
  const AgentRef kernel = test.mesh().spawn<myelin::InferenceActor>(
      std::make_shared<myelin::InferenceKernel>(network, backend), BatchPolicy{}, statistics);
  const std::vector<float> inputs{0.1F, 0.9F, -0.5F, 2.0F};
  std::vector<float> expected(3);
  BOOST_REQUIRE(network->infer(*backend, {inputs.data(), 1, 4}, {expected.data(), 1, 3}).has_value());
  bool answered = false;
  test.mesh().spawn<Actor>([&](Actor& self) {
    self.ask<myelin::schema::InferAnswer>(
        kernel,
        [&](myelin::schema::InferRequest::Builder request) {
          request.setInputs({0.1F, 0.9F, -0.5F, 2.0F});
        },
        1s,
        [&](auto answer) {
          BOOST_REQUIRE(answer.has_value());
          answered = true;
          const auto probabilities = (*answer)->getProbabilities();
          BOOST_REQUIRE(probabilities.size() == 3U);
          for (unsigned index = 0; index < 3; ++index) BOOST_TEST(probabilities[index] == expected[index]);
          BOOST_TEST(expected[(*answer)->getClassIndex()] == *std::max_element(expected.begin(), expected.end()));
          BOOST_TEST((*answer)->getBatchSize() >= 1U);
        });
    self.ask<myelin::schema::InferAnswer>(
        kernel, [&](myelin::schema::InferRequest::Builder request) { request.setInputs({0.1F}); }, 1s,
        [&](auto answer) { errors.push_back(answer.error().code); });
  });
  test.run();
  BOOST_TEST(answered);
  BOOST_REQUIRE(errors.size() == 1U);
  BOOST_TEST(errors[0] == Errc::shape_mismatch);
}

BOOST_AUTO_TEST_SUITE_END()
