/// Answers operators' questions, or passes them on to the node that they are about.
#pragma once

#include <string>
#include <utility>

#include "myelin/actors/agent.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/operation.capnp.h"
#include "myelin/operation/operations.hpp"

namespace myelin::operation {

class OperatorAgent final : public Agent {
 public:
  struct Parts {
    Mesh& mesh;
    cluster::Cluster& cluster;
    OperationsOptions options;
    TimePoint started;
    bool may_change;
  };
  explicit OperatorAgent(Parts parts) : parts_{std::move(parts)} {}

  static void handlers(Handlers<OperatorAgent>& on) {
    on.message<&OperatorAgent::status>();
    on.message<&OperatorAgent::list>();
    on.message<&OperatorAgent::info>();
    on.message<&OperatorAgent::spawn_agent>();
    on.message<&OperatorAgent::stop_agent>();
    on.message<&OperatorAgent::ask_agent>();
    on.message<&OperatorAgent::read_log>();
  }

 private:
  void status(Held<schema::StatusRequest> question, Reply<schema::NodeStatus> reply);
  void list(Held<schema::ListRequest> question, Reply<schema::AgentList> reply);
  void info(Held<schema::AgentRequest> question, Reply<schema::AgentInfo> reply);
  void spawn_agent(Held<schema::SpawnRequest> question, Reply<schema::AgentAddress> reply);
  void stop_agent(Held<schema::StopRequest> question, Reply<schema::StopDone> reply);
  void ask_agent(Held<schema::AskRequest> question, Reply<schema::AskAnswer> reply);
  void read_log(Held<schema::LogRequest> question, Reply<schema::LogPage> reply);

  /// Whether a question is about another node: then it is passed on, and so will its answer be.
  template <class Answer, class Question>
  [[nodiscard]] bool pass_on(const Held<Question>& question, Reply<Answer>& reply);
  /// Refuses who may only look.
  template <class Answer>
  [[nodiscard]] bool refuse_change(Reply<Answer>& reply) const;
  void changes(const std::string& what) const;
  /// Time that is left to answer, with some for the way back.
  [[nodiscard]] Duration time_left(const ReplyAddress& reply) const;
  [[nodiscard]] const std::string& self_name() const { return parts_.cluster.node().name(); }

  const Parts parts_;
};

}  // namespace myelin::operation
