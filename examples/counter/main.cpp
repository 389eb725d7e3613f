// Many small messages travel as few frames: one agent tells words, another counts them a batch at a time. Runs on a
// mesh without threads, as a test would.
#include <chrono>
#include <cstdio>
#include <utility>

#include <myelin/actors/deterministic_mesh.hpp>

#include "counting.capnp.h"

class Counter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Counter>& on) {
    on.message<&Counter::count>();
    on.message<&Counter::report>();
  }

 private:
  void count(myelin::Batch<Word> words) {
    ++frames_;
    words_ += words.size();
    for (const Word::Reader word : words) letters_ += word.getLength();
  }
  void report(HowMany::Reader, myelin::Reply<Total> reply) {
    reply.send([&](Total::Builder total) {
      total.setWords(words_);
      total.setLetters(letters_);
      total.setFrames(frames_);
    });
  }

  std::uint64_t words_ = 0, letters_ = 0, frames_ = 0;
};

class Teller : public myelin::Agent {
 public:
  Teller(myelin::AgentRef counter, std::uint64_t& frames) : counter_{std::move(counter)}, frames_{frames} {}

  void on_start() override {
    for (std::uint32_t word = 0; word < 1000; ++word) {
      tell(counter_, [&](Word::Builder message) { message.setLength(word % 10); });
    }
    ask<Total>(
        counter_, [](HowMany::Builder) {}, std::chrono::seconds{1},
        [this](myelin::Result<myelin::Held<Total>> total) {
          if (total && (*total)->getWords() == 1000) frames_ = (*total)->getFrames();
          stop();
        });
  }

 private:
  myelin::AgentRef counter_;
  std::uint64_t& frames_;
};

int main() {
  myelin::DeterministicMesh test;
  std::uint64_t frames = 0;
  test.mesh().spawn<Teller>(test.mesh().spawn<Counter>(), frames);
  test.run();
  std::printf("1000 words came in %llu frames\n", static_cast<unsigned long long>(frames));
  return frames == 4 ? 0 : 1;
}
