/// The agent behind a Probe: takes messages of every type, and keeps them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "myelin/actors/agent.hpp"

namespace myelin::testkit {

/// One message that a probe got.
struct Received {
  Frame frame;
  std::size_t index;   ///< Its place in the frame, which may be a batch.
  bool taken = false;  ///< By an expectation.
  ReplyAddress reply;  ///< Wanted while it is a question without an answer.
};

class ProbeAgent;

/// What a probe shares with its agent.
struct ProbeLog {
  using Responder = std::function<void(const Received& question, ReplyAddress& reply)>;

  ProbeAgent* agent = nullptr;
  std::deque<Received> messages;
  std::vector<Agent::Down> downs;
  std::unordered_map<TypeId, Responder> responders;
};

/// **Thread-safety**: actor-confined; its log is read by the test between turns.
class ProbeAgent final : public Agent {
 public:
  explicit ProbeAgent(std::shared_ptr<ProbeLog> log) : log_{std::move(log)} { log_->agent = this; }

  static void handlers(Handlers<ProbeAgent>& on) { on.any<&ProbeAgent::take>(); }
  void on_down(const Down& down) override { log_->downs.push_back(down); }

  using Agent::ask;
  using Agent::watch;

 private:
  void take(Frame frame, ReplyAddress reply);

  std::shared_ptr<ProbeLog> log_;
};

/// A function as a Job, to run it in an agent's turn.
template <class Function>
[[nodiscard]] std::unique_ptr<Job> make_turn(Function&& function) {
  class Turn final : public Job {
   public:
    explicit Turn(Function&& call) : call_{std::forward<Function>(call)} {}
    void work() override {}
    void finish() override { call_(); }

   private:
    std::decay_t<Function> call_;
  };
  return std::make_unique<Turn>(std::forward<Function>(function));
}

}  // namespace myelin::testkit
