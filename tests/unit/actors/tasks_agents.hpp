/// Agents that the tests of coroutines share.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "agents.hpp"
#include "myelin/actors/deterministic_mesh.hpp"

namespace test {

/// Runs the coroutine that it was given.
class Runner : public myelin::Self {
 public:
  using Body = std::function<myelin::Task<>(Runner&)>;
  explicit Runner(Body body) : body_{std::move(body)} {}
  void on_start() override { start(body_(*this)); }

 private:
  Body body_;  // its captures live as long as the coroutine may
};

/// Answers a Tick with the next one. Keeps the questions that come as Notes, where it was given a place.
class Successor : public myelin::Agent {
 public:
  explicit Successor(std::vector<myelin::Reply<samples::Note>>* kept = nullptr) : kept_{kept} {}
  static void handlers(myelin::Handlers<Successor>& on) {
    on.message<&Successor::answer>();
    on.message<&Successor::keep>();
  }

 private:
  void answer(samples::Tick::Reader tick, myelin::Reply<samples::Tick> reply) {
    reply.send([&](samples::Tick::Builder answer) { answer.setValue(tick.getValue() + 1); });
  }
  void keep(samples::Note::Reader, myelin::Reply<samples::Note> reply) {
    if (kept_ != nullptr) kept_->push_back(std::move(reply));
  }
  std::vector<myelin::Reply<samples::Note>>* kept_;
};

/// Counts how many of its kind were destroyed.
class Destroyed {
 public:
  explicit Destroyed(int& count) noexcept : count_{&count} {}
  Destroyed(Destroyed&& other) noexcept : count_{std::exchange(other.count_, nullptr)} {}
  Destroyed& operator=(Destroyed&&) = delete;
  ~Destroyed() {
    if (count_ != nullptr) ++*count_;
  }

 private:
  int* count_;
};

/// Fills in a Tick.
inline auto tick_of(std::uint64_t value) {
  return [value](samples::Tick::Builder tick) { tick.setValue(value); };
}
/// Fills in a Note.
inline auto note_of(const char* text) {
  return [text](samples::Note::Builder note) { note.setText(text); };
}

struct MeshFixture {
  myelin::DeterministicMesh test;

  /// Moves the clock, and runs until all is quiet.
  void pass(myelin::Duration duration) {
    test.advance(duration);
    test.run();
  }
  /// An agent asks, and all runs until it is quiet.
  template <class R, class Fill>
  std::shared_ptr<std::optional<myelin::Result<myelin::Held<R>>>> ask(const myelin::AgentRef& to, Fill fill) {
    auto outcome = std::make_shared<std::optional<myelin::Result<myelin::Held<R>>>>();
    test.mesh().spawn<Actor>([=](Actor& self) {
      self.ask<R>(to, fill, std::chrono::hours{1}, [outcome](auto answer) { outcome->emplace(std::move(answer)); });
    });
    test.run();
    return outcome;
  }
};

}  // namespace test
