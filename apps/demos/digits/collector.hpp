/// The agent that starts the others, sets them to work, and adds up what they report.
#pragma once

#include <memory>
#include <vector>

#include "demos/digits/digit_agent.hpp"
#include "demos/digits/handover.hpp"

namespace myelin::digits {

/// How the agents came up.
struct Readiness {
  std::size_t agents = 0;
  tool::Latencies starts;  ///< Of each agent: from before its making to its first message handled.
};

/// Where the collector leaves its results for the thread that runs the demo.
struct Desk {
  Handover<Result<Readiness>> ready;
  Handover<Result<Tally>> finished;
};

/// Told Hello, it starts the agents; told Round, it has them work. One at a time: each ends with something on the desk.
/// An agent that fails ends it too, with an error.
/// **Thread-safety**: actor-confined.
class Collector : public Agent {
 public:
  /// **Requires**: agents > 0.
  Collector(std::shared_ptr<const Surroundings> surroundings, std::size_t agents, std::shared_ptr<Desk> desk);

  static void handlers(Handlers<Collector>& on) {
    on.message<&Collector::start_agents>();
    on.message<&Collector::agent_ready>();
    on.message<&Collector::begin_round>();
    on.message<&Collector::agent_reported>();
  }

  void on_down(const Down& down) override;

 private:
  void start_agents(schema::Hello::Reader hello);
  void agent_ready(schema::Ready::Reader ready);
  void begin_round(schema::Round::Reader round);
  void agent_reported(schema::Report::Reader report);

  std::shared_ptr<const Surroundings> surroundings_;
  std::size_t agents_wanted_;
  std::shared_ptr<Desk> desk_;
  std::vector<AgentRef> agents_;
  Readiness readiness_;
  Tally tally_;
  std::size_t reports_missing_ = 0;
  TimePoint round_began_{};
};

}  // namespace myelin::digits
