#include "agents/operator_agent.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "agents/process_usage.hpp"
#include "myelin/actors/untyped.hpp"
#include "myelin/base/suggestion.hpp"
#include "myelin/base/version.hpp"
#include "myelin/plugin/agent_types.hpp"
#include "myelin/serialization/guard.hpp"
#include "myelin/serialization/json.hpp"

namespace myelin::operation {

namespace {

/// So much earlier than the operator does this node stop waiting, that it can still say for what.
constexpr Duration kWayBack = std::chrono::milliseconds{100};

std::string text_of(capnp::Text::Reader text) { return {text.cStr(), text.size()}; }

std::string short_name(capnp::StructSchema schema) { return schema.getShortDisplayName().cStr(); }

/// Answers with what somebody else has answered.
template <class Answer>
auto forward_to(Reply<Answer> reply) {
  return [kept = std::make_shared<Reply<Answer>>(std::move(reply))](Result<Held<Answer>> answer) {
    if (answer) {
      kept->send(answer->frame());
    } else {
      kept->fail(std::move(answer).error());
    }
  };
}

std::vector<std::string> messages_of(const HandlerTable& handlers) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < handlers.size(); ++i) names.push_back(message_name(handlers[i]));
  return names;
}

/// The handler for messages of that name; without one, the only handler there is. **Errors**: invalid_argument, with
/// what there is.
Result<const Handler*> choose(const HandlerTable& handlers, const std::string& message, const std::string& agent) {
  const std::vector<std::string> names = messages_of(handlers);
  if (message.empty() && handlers.size() == 1 && handlers[0].schema != nullptr) return &handlers[0];
  const auto found = std::ranges::find(names, message);
  if (found != names.end() && handlers[static_cast<std::size_t>(found - names.begin())].schema != nullptr) {
    return &handlers[static_cast<std::size_t>(found - names.begin())];
  }
  const auto near = nearest(message, names);
  return fail(Errc::invalid_argument,
              fmt::format("agent '{}' takes {}{}; it has handlers for: {}", agent,
                          message.empty() ? "several messages: name one" : fmt::format("no message '{}'", message),
                          near ? fmt::format(", did you mean '{}'?", *near) : "", fmt::join(names, ", ")));
}

void write_peers(schema::NodeStatus::Builder status, const std::vector<network::PeerStatus>& peers) {
  auto list = status.initPeers(static_cast<unsigned>(peers.size()));
  for (unsigned i = 0; i < peers.size(); ++i) {
    list[i].setNode(peers[i].node);
    list[i].setRole(std::string{network::to_string(peers[i].role)});
    list[i].setIsConnected(peers[i].connected);
    list[i].setIncarnation(peers[i].incarnation);
    list[i].setConnections(peers[i].connections);
    list[i].setSetUp(peers[i].set_up.count());
    list[i].setFramesSent(peers[i].frames_sent);
    list[i].setLastError(peers[i].last_error);
  }
}

void write_members(schema::NodeStatus::Builder status, const cluster::View& view) {
  auto list = status.initMembers(static_cast<unsigned>(view.members.size()));
  for (unsigned i = 0; i < view.members.size(); ++i) {
    const cluster::Member& member = view.members[i];
    list[i].setNode(member.node);
    list[i].setAddress(member.address);
    list[i].setState(std::string{to_string(member.state)});
    list[i].setIsConnected(member.connected);
    list[i].setIncarnation(member.incarnation);
    auto tags = list[i].initTags(static_cast<unsigned>(member.tags.size()));
    for (unsigned k = 0; k < member.tags.size(); ++k) tags.set(k, member.tags[k]);
  }
}

}  // namespace

Duration OperatorAgent::time_left(const ReplyAddress& reply) const {
  const Duration left = reply.deadline() - now();
  return left > 2 * kWayBack ? left - kWayBack : left / 2;
}

template <class Answer, class Question>
bool OperatorAgent::pass_on(const Held<Question>& question, Reply<Answer>& reply) {
  const std::string node = text_of(question->getNode());
  if (node.empty() || node == self_name()) return false;
  const auto view = parts_.cluster.view();
  if (view->find(node) == nullptr) {
    std::vector<std::string> names;
    for (const cluster::Member& member : view->members) names.push_back(member.node);
    reply.fail({Errc::not_found, fmt::format("no node '{}' is known; there are: {}", node, fmt::join(names, ", "))});
    return true;
  }
  const auto other = parts_.cluster.node().find(node, kOperationsName);
  if (!other) {
    reply.fail(other.error());
    return true;
  }
  const Duration limit = time_left(reply);
  ask<Answer>(*other, question.frame(), limit, forward_to(std::move(reply)));
  return true;
}

template <class Answer>
bool OperatorAgent::refuse_change(Reply<Answer>& reply) const {
  if (parts_.may_change) return false;
  reply.fail({Errc::access_denied,
              "your certificate lets you look only: this takes one made with 'myelin certs new --role operator'"});
  return true;
}

void OperatorAgent::changes(const std::string& what) const {
  if (parts_.options.on_change) parts_.options.on_change(what);
}

void OperatorAgent::status(Held<schema::StatusRequest> question, Reply<schema::NodeStatus> reply) {
  if (pass_on(question, reply)) return;
  network::Node& node = parts_.cluster.node();
  const MeshMetrics metrics = parts_.mesh.metrics();
  std::uint64_t handled = 0;
  std::uint64_t waiting = 0;
  for (const AgentClassMetrics& one : metrics.classes) {
    handled += one.messages();
    waiting += one.waiting;
  }
  reply.send([&](schema::NodeStatus::Builder status) {
    status.setNode(node.name());
    status.setCluster(parts_.options.cluster_name);
    status.setAddress(node.address());
    status.setVersion(MYELIN_VERSION_STRING);
    status.setIncarnation(node.incarnation());
    status.setUptime((Clock::now() - parts_.started).count());
    status.setWorkers(static_cast<std::uint32_t>(parts_.mesh.workers()));
    status.setAgentsRunning(parts_.mesh.agents_running());
    status.setAgentsPublished(parts_.cluster.published().size());
    status.setMessagesHandled(handled);
    status.setMessagesWaiting(waiting);
    status.setDeadLetters(parts_.mesh.dead_letters().total());
    status.setResidentBytes(resident_bytes());
    status.setProcessorTime(processor_time().count());
    status.setProcessId(static_cast<std::uint32_t>(::getpid()));
    if (parts_.options.types != nullptr) {
      const auto types = parts_.options.types->list();
      auto names = status.initTypes(static_cast<unsigned>(types.size()));
      for (unsigned i = 0; i < types.size(); ++i) names.set(i, types[i]->name);
    }
    write_peers(status, node.peers());
    write_members(status, *parts_.cluster.view());
  });
}

void OperatorAgent::list(Held<schema::ListRequest> question, Reply<schema::AgentList> reply) {
  const cluster::ListCall call = parts_.cluster.list(text_of(question->getName()), text_of(question->getType()));
  const Duration limit = time_left(reply);
  ask<schema::AgentList>(call.receiver(), call.question(), limit, forward_to(std::move(reply)));
}

void OperatorAgent::info(Held<schema::AgentRequest> question, Reply<schema::AgentInfo> reply) {
  if (pass_on(question, reply)) return;
  const std::string name = text_of(question->getName());
  const Result<cluster::PublishedAgent> found = parts_.cluster.published(name);
  if (!found) return reply.fail(found.error());
  const AgentClass* const of = class_of(found->agent);
  reply.send([&](schema::AgentInfo::Builder info) {
    cluster::write_address({self_name(), name}, info.initAddress());
    info.setType(found->type);
    info.setAgentClass(of->name);
    info.setState(std::string{cluster::to_string(parts_.mesh.state_of(found->agent))});
    info.setWaiting(waiting_at(found->agent));
    auto handlers = info.initHandlers(static_cast<unsigned>(of->handlers.size()));
    for (unsigned i = 0; i < of->handlers.size(); ++i) {
      const Handler& handler = of->handlers[i];
      handlers[i].setMessage(message_name(handler));
      if (handler.schema != nullptr) handlers[i].setFields(describe_fields(handler.schema()));
      if (handler.answer != nullptr) handlers[i].setAnswer(short_name(handler.answer()));
    }
  });
}

void OperatorAgent::spawn_agent(Held<schema::SpawnRequest> question, Reply<schema::AgentAddress> reply) {
  if (refuse_change(reply)) return;
  const std::string node = text_of(question->getNode());
  const std::string chosen = node.empty() ? self_name() : node;
  if (pass_on(question, reply)) return;
  const std::string name = text_of(question->getName());
  changes(fmt::format("asks for {} of type '{}'", name.empty() ? "an agent" : fmt::format("agent '{}'", name),
                      text_of(question->getType())));
  const cluster::SpawnCall call = parts_.cluster.spawn(chosen, text_of(question->getType()),
                                                       text_of(question->getName()), text_of(question->getSettings()));
  const Duration limit = time_left(reply);
  ask<schema::AgentAddress>(call.receiver(), call.question(), limit, forward_to(std::move(reply)));
}

void OperatorAgent::stop_agent(Held<schema::StopRequest> question, Reply<schema::StopDone> reply) {
  if (refuse_change(reply) || pass_on(question, reply)) return;
  const Result<cluster::PublishedAgent> found = parts_.cluster.published(text_of(question->getName()));
  if (!found) return reply.fail(found.error());
  changes(fmt::format("has agent '{}' stopped", found->name));
  parts_.mesh.stop_agent(found->agent);
  reply.send([](schema::StopDone::Builder) {});
}

void OperatorAgent::ask_agent(Held<schema::AskRequest> question, Reply<schema::AskAnswer> reply) {
  if (refuse_change(reply) || pass_on(question, reply)) return;
  const std::string name = text_of(question->getName());
  const Result<cluster::PublishedAgent> found = parts_.cluster.published(name);
  if (!found) return reply.fail(found.error());
  const Result<const Handler*> handler =
      choose(class_of(found->agent)->handlers, text_of(question->getMessage()), name);
  if (!handler) return reply.fail(handler.error());
  const std::string json = text_of(question->getJson());
  const Result<Frame> message = frame_from_json((*handler)->schema(), json.empty() ? "{}" : json);
  if (!message) return reply.fail(message.error());
  if (question->getTell()) {
    send(found->agent, *message);
    return reply.send([](schema::AskAnswer::Builder) {});
  }
  if ((*handler)->answer == nullptr) {
    return reply.fail({Errc::no_reply, fmt::format("agent '{}' does not say what it answers to {}: tell it, do not ask",
                                                   name, message_name(**handler))});
  }
  const auto kept = std::make_shared<Reply<schema::AskAnswer>>(std::move(reply));
  ask_untyped(*this, found->agent, *message, time_left(*kept),
              [kept, schema = (*handler)->answer()](Result<Frame> answer) {
                if (!answer) return kept->fail(std::move(answer).error());
                // Frames of this process are as they were built: nothing is to be checked but what they are.
                const Result<std::string> text = json_of(*answer, schema);
                if (!text) return kept->fail(text.error());
                kept->send([&](schema::AskAnswer::Builder result) {
                  result.setMessage(short_name(schema));
                  result.setJson(*text);
                });
              });
}

void OperatorAgent::read_log(Held<schema::LogRequest> question, Reply<schema::LogPage> reply) {
  if (pass_on(question, reply)) return;
  if (parts_.options.log == nullptr) {
    return reply.fail({Errc::not_found, fmt::format("node '{}' keeps no log", self_name())});
  }
  const LogBook::Page page = parts_.options.log->read(question->getAfter(), question->getLinesMax());
  reply.send([&](schema::LogPage::Builder builder) {
    auto lines = builder.initLines(static_cast<unsigned>(page.lines.size()));
    for (unsigned i = 0; i < page.lines.size(); ++i) lines.set(i, page.lines[i]);
    builder.setLast(page.last);
    builder.setIsCut(page.is_cut);
  });
}

}  // namespace myelin::operation
