/// Whether each request is executed once, at the same place everywhere, with the answer that is right there.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "checkers/state_model.hpp"
#include "cluster/request.hpp"
#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::sim {

/// **Thread-safety**: thread-compatible.
class ExecutionChecker {
 public:
  using RequestId = std::pair<consensus::ClientId, consensus::Sequence>;

  /// A client is about to ask this: whatever is executed under that number must be this.
  void asked(const RequestId& id, Request request) { requests_.emplace(id, std::move(request)); }

  /// An honest validator executed a commit; throws Violation where the outcome is not as it must be.
  void executed(std::size_t validator, const consensus::CommitOutcome& outcome, consensus::WallTime time);

  /// Whether it was executed, anywhere.
  [[nodiscard]] bool was_executed(const RequestId& id) const { return answers_.contains(id); }
  /// The commit up to which `state()` is.
  [[nodiscard]] consensus::CommitIndex last() const noexcept { return outcomes_.size(); }
  [[nodiscard]] const StateModel& state() const noexcept { return state_; }
  /// What was asked under that number; null for nothing.
  [[nodiscard]] const Request* request(const RequestId& id) const {
    const auto found = requests_.find(id);
    return found == requests_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::size_t executed_count() const noexcept { return answers_.size(); }

 private:
  void check_first(const consensus::CommitOutcome& outcome, consensus::WallTime time);
  void check_batch(const consensus::BatchOutcome& batch, consensus::WallTime time);

  std::map<RequestId, Request> requests_;
  std::map<RequestId, consensus::Reply> answers_;
  std::vector<consensus::CommitOutcome> outcomes_;
  StateModel state_;
};

}  // namespace myelin::sim
