// Asks one agent in every way that can go wrong, and prints what each asker is told.
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include <myelin/actors/mesh.hpp>

#include "asking.capnp.h"

using namespace std::chrono_literals;

namespace {

class Oracle : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Oracle>& on) { on.message<&Oracle::answer>(); }

 private:
  void answer(Question::Reader question, myelin::Reply<Answer> reply) {
    switch (question.getKind()) {
      case Question::Kind::ANSWER: reply.send([](Answer::Builder answer) { answer.setNumber(42); }); break;
      case Question::Kind::REFUSE: reply.fail({myelin::Errc::invalid_argument, "not on Sundays"}); break;
      case Question::Kind::FORGET: break;
      case Question::Kind::CRASH: throw std::runtime_error{"too deep a question"};
      case Question::Kind::NEVER: kept_.push_back(std::move(reply)); break;
      case Question::Kind::CIRCLE:
        // Asking itself, while somebody waits for its answer: refused at once, and passed on to who asked.
        ask<Answer>(
            self(), [](Question::Builder again) { again.setKind(Question::Kind::ANSWER); }, 1min,
            [reply = std::move(reply)](myelin::Result<myelin::Held<Answer>> own) mutable {
              if (!own) return reply.fail(own.error());
              reply.send((*own).frame());
            });
        break;
    }
  }

  std::vector<myelin::Reply<Answer>> kept_;
};

}  // namespace

int main() {
  myelin::Mesh mesh;
  myelin::AgentRef oracle = mesh.spawn<Oracle>();
  bool right = true;
  const auto show = [&](const char* what, const myelin::Result<myelin::Held<Answer>>& answer, myelin::Errc expected) {
    std::printf("%-22s %s\n", what,
                answer ? std::to_string((*answer)->getNumber()).c_str() : myelin::to_string(answer.error()).c_str());
    right &= answer ? expected == myelin::Errc{} : answer.error().code == expected;
  };
  const auto ask = [&](Question::Kind kind, myelin::Duration timeout = 10s) {
    return mesh.ask<Answer>(
        oracle, [&](Question::Builder question) { question.setKind(kind); }, timeout);
  };

  show("answered:", ask(Question::Kind::ANSWER), {});
  show("refused by the agent:", ask(Question::Kind::REFUSE), myelin::Errc::invalid_argument);
  show("reply forgotten:", ask(Question::Kind::FORGET), myelin::Errc::no_reply);
  show("no answer in time:", ask(Question::Kind::NEVER, 20ms), myelin::Errc::timeout);
  show("a circle:", ask(Question::Kind::CIRCLE), myelin::Errc::request_cycle);
  const auto unknown = mesh.ask<Answer>(
      oracle, [](Unknown::Builder) {}, 10s);
  show("no handler:", unknown, myelin::Errc::unhandled_type);
  show("handler threw:", ask(Question::Kind::CRASH), myelin::Errc::handler_failed);
  show("has ended since:", ask(Question::Kind::ANSWER), myelin::Errc::receiver_dead);
  return right ? 0 : 1;
}
