#include "checkers/execution_checker.hpp"

#include "checkers/violation.hpp"

namespace myelin::sim {

using consensus::Verdict;

void ExecutionChecker::executed(std::size_t validator, const consensus::CommitOutcome& outcome,
                                consensus::WallTime time) {
  if (outcome.index > last() + 1) {
    violate("commits are executed without a gap", "v{} executed commit {} where nobody has executed {}", validator,
            outcome.index, last() + 1);
  }
  if (outcome.index == last() + 1) {
    check_first(outcome, time);
    outcomes_.push_back(outcome);
  } else if (outcomes_[outcome.index - 1] != outcome) {
    violate("validators reach the same state", "v{} executed commit {} with another outcome than others", validator,
            outcome.index);
  }
}

void ExecutionChecker::check_first(const consensus::CommitOutcome& outcome, consensus::WallTime time) {
  for (const consensus::BatchOutcome& batch : outcome.batches) check_batch(batch, time);
  state_.end_commit(time);
}

void ExecutionChecker::check_batch(const consensus::BatchOutcome& batch, consensus::WallTime time) {
  if (batch.verdict == Verdict::refused) return;  // Noise that a liar submitted.
  const RequestId id{batch.client, batch.sequence};
  const auto request = requests_.find(id);
  if (request == requests_.end()) {
    violate("only what was asked is executed", "nobody asked request {} of client {}", id.second, id.first);
  }
  const auto before = answers_.find(id);
  switch (batch.verdict) {
    case Verdict::executed:
      if (before != answers_.end()) {
        violate("nothing is executed twice", "request {} of client {}: {}", id.second, id.first,
                to_string(request->second));
      }
      if (batch.replies.size() != 1) {
        violate("answers are what the state says", "{} answers to a batch of one", batch.replies.size());
      }
      state_.execute(id.first, request->second, time, batch.replies.front());
      answers_.emplace(id, batch.replies.front());
      break;
    case Verdict::duplicate:
      if (before == answers_.end() || batch.replies != std::vector{before->second}) {
        violate("nothing is executed twice", "request {} of client {} is called a duplicate, with another answer",
                id.second, id.first);
      }
      break;
    case Verdict::duplicate_cut:
      if (before == answers_.end()) {
        violate("nothing is executed twice", "request {} of client {} is called a duplicate, and is none", id.second,
                id.first);
      }
      break;
    case Verdict::stale:
    case Verdict::too_many_clients:
    case Verdict::refused: break;
  }
}

}  // namespace myelin::sim
