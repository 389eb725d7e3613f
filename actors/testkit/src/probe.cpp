#include "myelin/testkit/probe.hpp"

#include <algorithm>
#include <chrono>
#include <map>

#include <fmt/format.h>

namespace myelin::testkit {

namespace {

/// Non-matching messages of the expected type that a report shows in full.
constexpr int kShownMax = 5;

std::string time_text(Duration within) {
  return within == Duration::zero() ? std::string{"without time passing"}
                                    : fmt::format("within {} s", std::chrono::duration<double>(within).count());
}

}  // namespace

Probe::Probe(TestMesh& mesh, std::string name)
    : mesh_{mesh}, name_{std::move(name)}, log_{std::make_shared<ProbeLog>()}, self_{mesh.spawn_probe(log_, name_)} {}

Probe::~Probe() {
  // Questions that the test left open end here, while the mesh is there to tell the askers.
  log_->messages.clear();
  log_->responders.clear();
}

std::size_t Probe::waiting() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(log_->messages, [](const Received& message) { return !message.taken; }));
}

std::string Probe::what_came(const Wanted* wanted) const {
  std::map<std::string, int> others;
  std::string alike;
  int shown = 0;
  for (const Received& message : log_->messages) {
    if (message.taken) continue;
    if (wanted != nullptr && message.frame.type() == wanted->type) {
      if (++shown <= kShownMax) alike += "\n  " + wanted->name + " " + wanted->show(message);
    } else {
      ++others[mesh_.type_name(message.frame.type())];
    }
  }
  if (shown > kShownMax) alike += fmt::format("\n  and {} more", shown - kShownMax);
  std::string text;
  for (const auto& [name, count] : others) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  if (text.empty() && alike.empty()) return "it got nothing";
  if (!alike.empty())
    text += (text.empty() ? "" : ", and ") + std::string{"of that type, but not as expected:"} + alike;
  return "it got " + text;
}

Received& Probe::find(const Wanted& wanted, Duration within) {
  std::size_t looked_at = 0;
  Received* found = nullptr;
  bool out_of_order = false;
  const auto look = [&] {
    for (; looked_at < log_->messages.size(); ++looked_at) {
      Received& message = log_->messages[looked_at];
      if (message.taken) continue;
      if (message.frame.type() == wanted.type && wanted.match(message)) {
        found = &message;
        return true;
      }
      if (wanted.next_only) {
        out_of_order = true;
        return true;
      }
    }
    return false;
  };
  static_cast<void>(mesh_.run_until(look, within));
  if (found != nullptr) return *found;
  mesh_.fail_expectation(fmt::format("{} expected {}{} {}, but {}", name_, wanted.name, out_of_order ? " next," : "",
                                     time_text(within), what_came(&wanted)));
}

void Probe::expect_none(Duration within) {
  const auto came = [this] { return waiting() != 0; };
  if (mesh_.run_until(came, within)) {
    mesh_.fail_expectation(fmt::format("{} expected nothing {}, but {}", name_, time_text(within), what_came(nullptr)));
  }
}

void Probe::watch(const AgentRef& other) {
  watched_.push_back(other.id());
  mesh_.in_turn(self_.ref, make_turn([agent = self_.agent, other] { agent->watch(other); }));
}

Agent::Down Probe::expect_down(const AgentRef& other, Duration within) {
  if (std::ranges::find(watched_, other.id()) == watched_.end()) watch(other);
  const auto find = [&] { return std::ranges::find(log_->downs, other.id(), &Agent::Down::agent); };
  if (!mesh_.run_until([&] { return find() != log_->downs.end(); }, within)) {
    mesh_.fail_expectation(fmt::format("{} expected that {} ends {}, but it runs on", name_,
                                       mesh_.agent_name(other.id()), time_text(within)));
  }
  return *find();
}

ReplyAddress Probe::taken_question() {
  for (Received& message : log_->messages) {
    if (message.taken && message.reply.wanted()) return std::move(message.reply);
  }
  mesh_.fail_expectation(
      fmt::format("{} has no question to answer: expect() one first; {}", name_, what_came(nullptr)));
}

void Probe::reply_error(Error error) { taken_question().fail(std::move(error)); }

}  // namespace myelin::testkit
