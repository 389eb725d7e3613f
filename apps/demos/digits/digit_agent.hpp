/// An agent that owns some held-out images and asks a kernel actor what they show.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "demos/digits/dataset.hpp"
#include "demos/digits/digits.capnp.h"
#include "demos/digits/share.hpp"
#include "demos/digits/tally.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/kernel.capnp.h"

namespace myelin::digits {

/// What all agents of one crowd know.
struct Surroundings {
  std::shared_ptr<const Samples> images;  ///< The held-out ones.
  std::array<AgentRef, 2> kernels;        ///< 0 batches, 1 does not.
  std::size_t in_flight = 1;              ///< Questions that an agent has open at once.
  Duration deadline = std::chrono::seconds{10};
};

/// **Thread-safety**: actor-confined.
class DigitAgent : public Agent {
 public:
  /// `spawned`: when its making began.
  DigitAgent(std::shared_ptr<const Surroundings> surroundings, AgentRef collector, const Share& share,
             TimePoint spawned);

  static void handlers(Handlers<DigitAgent>& on) {
    on.message<&DigitAgent::hello>();
    on.message<&DigitAgent::begin>();
  }

 private:
  void hello(schema::Hello::Reader hello);
  void begin(schema::Round::Reader round);
  void ask_next();
  void answered(std::uint64_t question, TimePoint asked, const Result<Held<myelin::schema::InferAnswer>>& answer);
  void report();

  /// What this agent found in a round.
  struct Findings {
    std::uint64_t requests = 0;  ///< To be asked.
    std::uint64_t asked = 0;
    std::uint64_t ended = 0;  ///< Answered or failed.
    std::vector<std::uint64_t> latencies_ns;
    std::vector<Verdict> verdicts;
    std::map<Errc, std::uint64_t> failures;
  };

  std::shared_ptr<const Surroundings> surroundings_;
  AgentRef collector_;
  AgentRef kernel_;
  Share share_;
  TimePoint spawned_;
  std::vector<Frame> questions_;  // one an image, built once: asking again shares the bytes
  Findings findings_;
};

}  // namespace myelin::digits
