// At most once: what is sent again is answered again, and not executed again.
#include <string>

#include "harness.hpp"

using namespace myelin::consensus;
using test::Bytes;
using test::Machine;
using test::number_value;
using T = Transaction;

namespace {

Bytes add_one(ClientId client, Sequence sequence) {
  return write_batch(client, sequence, std::vector{T::add("n", 1), T::get("n")});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(session)

BOOST_AUTO_TEST_CASE(a_batch_in_both_twins_of_a_vertex_is_executed_once) {
  Machine machine;
  const CommitOutcome outcome = machine.commit({add_one(1, 1), add_one(1, 1), add_one(2, 1)});
  BOOST_TEST(outcome.batches[0].verdict == Verdict::executed);
  BOOST_TEST(outcome.batches[1].verdict == Verdict::duplicate);
  BOOST_TEST(outcome.batches[2].verdict == Verdict::executed);
  BOOST_TEST((outcome.batches[1].replies == outcome.batches[0].replies));
  BOOST_TEST((machine->read("n") == number_value(2)));
}

BOOST_AUTO_TEST_CASE(a_batch_sent_again_later_is_answered_as_the_first_time) {
  Machine machine;
  const CommitOutcome first = machine.commit({add_one(1, 1)});
  machine.commit({add_one(1, 2)});
  const CommitOutcome again = machine.commit({add_one(1, 1)});
  BOOST_TEST(again.batches[0].verdict == Verdict::duplicate);
  BOOST_TEST((again.batches[0].replies == first.batches[0].replies));
  BOOST_TEST((machine->read("n") == number_value(2)));
}

BOOST_AUTO_TEST_CASE(batches_that_overtake_each_other_are_all_executed) {
  Machine machine;
  for (const Sequence sequence : {3U, 1U, 16U, 2U}) {
    BOOST_TEST(machine.commit({add_one(1, sequence)}).batches[0].verdict == Verdict::executed);
  }
  BOOST_TEST((machine->read("n") == number_value(4)));
}

BOOST_AUTO_TEST_CASE(a_batch_a_window_behind_is_stale_and_has_no_effect) {
  Machine machine;
  machine.commit({add_one(1, 1 + limits::kSessionWindow)});
  const CommitOutcome outcome = machine.commit({add_one(1, 1)});
  BOOST_TEST(outcome.batches[0].verdict == Verdict::stale);
  BOOST_TEST(outcome.batches[0].replies.empty());
  BOOST_TEST((machine->read("n") == number_value(1)));
  // Within one commit it is no other.
  const CommitOutcome both = machine.commit({add_one(2, 1 + limits::kSessionWindow), add_one(2, 1)});
  BOOST_TEST(both.batches[1].verdict == Verdict::stale);
}

BOOST_AUTO_TEST_CASE(an_outcome_names_the_batch_that_was_executed_under_its_sequence) {
  Machine machine;
  const Bytes first = add_one(1, 1);
  const Bytes other = write_batch(1, 1, std::vector{T::put("n", "something else")});
  const CommitOutcome outcome = machine.commit({first, other});
  const CommitOutcome later = machine.commit({other});
  BOOST_TEST(outcome.batches[1].verdict == Verdict::duplicate);
  BOOST_TEST(later.batches[0].verdict == Verdict::duplicate);
  for (const BatchOutcome& each : {outcome.batches[0], outcome.batches[1], later.batches[0]}) {
    BOOST_TEST(each.batch == batch_digest(first));
  }
  BOOST_TEST(machine->outcome_of(1, 1)->batch == batch_digest(first));
  // It goes with the state.
  Machine copy;
  BOOST_REQUIRE(copy->restore(machine->snapshot(), machine->state()).has_value());
  BOOST_TEST(copy->outcome_of(1, 1)->batch == batch_digest(first));
  BOOST_TEST(answer_digest(1, 1, batch_digest(first), "same") != answer_digest(1, 1, batch_digest(other), "same"));
}

BOOST_AUTO_TEST_CASE(of_long_replies_only_the_statuses_are_kept) {
  Machine machine;
  machine.run(9, T::put("long", std::string(limits::kSessionReplyBytesMax, 'x')));
  const Bytes batch = write_batch(1, 1, std::vector{T::get("long"), T::get("none")});
  const CommitOutcome outcome = machine.commit({batch, batch});
  const CommitOutcome later = machine.commit({batch});
  BOOST_TEST(outcome.batches[0].replies[0].value.bytes.size() == limits::kSessionReplyBytesMax);
  for (const BatchOutcome& again : {outcome.batches[1], later.batches[0]}) {
    BOOST_TEST(again.verdict == Verdict::duplicate_cut);
    BOOST_REQUIRE(again.replies.size() == 2U);
    BOOST_TEST(again.replies[0].status == Status::ok);
    BOOST_TEST(again.replies[0].value.bytes.empty());
    BOOST_TEST(again.replies[1].status == Status::not_found);
  }
}

BOOST_AUTO_TEST_CASE(a_client_too_many_waits_until_another_was_silent_for_long) {
  Machine machine{{.executor = Executor::sequential, .limits = {.sessions_max = 2}}};
  machine.commit({add_one(1, 1)});
  machine.commit({add_one(2, 1)});
  const CommitOutcome full = machine.commit({add_one(3, 1), add_one(1, 2)});
  BOOST_TEST(full.batches[0].verdict == Verdict::too_many_clients);
  BOOST_TEST(full.batches[1].verdict == Verdict::executed);
  BOOST_TEST((machine->read("n") == number_value(3)));
  const WallTime later = Machine::kStart + Machine::kStep + limits::kSessionIdle;
  machine.set_time(later);
  BOOST_TEST(machine.commit({add_one(3, 1)}).batches[0].verdict == Verdict::executed);
  // Client 2 was forgotten, client 1 was not.
  machine.set_time(later);
  BOOST_TEST(machine.commit({add_one(1, 2)}).batches[0].verdict == Verdict::duplicate);
  machine.set_time(later);
  BOOST_TEST(machine.commit({add_one(2, 1)}).batches[0].verdict == Verdict::too_many_clients);
}

BOOST_AUTO_TEST_CASE(a_commit_of_too_much_work_refuses_the_rest) {
  Machine machine;
  const std::vector<ScriptStep> steps = {{ScriptStep::Operation::digest, 0, 0, 255, limits::kScriptDigestsMax, {}}};
  const std::vector<Transaction> scripts(3000, T::script(steps));
  std::vector<Bytes> batches;
  std::uint64_t work = 0;
  for (Sequence sequence = 1; sequence <= 5; ++sequence) batches.push_back(write_batch(1, sequence, scripts));
  const CommitOutcome outcome = machine.commit(batches);
  for (const BatchOutcome& batch : outcome.batches) {
    work += 3000 * work_of(scripts[0]);
    const bool fits = work <= limits::kCommitWorkMax;
    BOOST_TEST(batch.verdict == (fits ? Verdict::executed : Verdict::refused));
    if (!fits) BOOST_TEST(batch.refusal == BatchRefusal::commit_full);
  }
  BOOST_TEST(outcome.batches.back().verdict == Verdict::refused);
  BOOST_TEST(machine.commit({batches.back()}).batches[0].verdict == Verdict::executed);
}

BOOST_AUTO_TEST_CASE(replies_beyond_the_bound_of_a_commit_are_cut_to_their_status) {
  Machine machine;
  machine.run(9, T::put("large", std::string(limits::kValueBytesMax, 'x')));
  const std::size_t fit = limits::kCommitReplyBytesMax / limits::kValueBytesMax;
  const CommitOutcome outcome = machine.commit({write_batch(1, 1, std::vector(fit + 2, T::get("large")))});
  const std::vector<Reply>& replies = outcome.batches[0].replies;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    BOOST_REQUIRE(replies[i].status == Status::ok);
    BOOST_REQUIRE(replies[i].is_cut == (i >= fit));
    BOOST_REQUIRE(replies[i].value.bytes.empty() == (i >= fit));
  }
}

BOOST_AUTO_TEST_SUITE_END()
