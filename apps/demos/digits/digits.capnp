@0xb8d2f1c6a94e7305;
# What the agents of the digits demo tell each other.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::digits::schema");

struct Hello {
  # The first message of a new agent, which it answers with Ready. Sent to the collector, it has it start all agents.
}

struct Ready {
  # To the collector: this agent has handled its first message.
  startNs @0 :UInt64;
  # From the moment before it was made to its first message, in nanoseconds.
}

struct Round {
  # To the collector, and from it to each agent: ask so many questions, then report.
  kernel @0 :UInt32;
  # Whom to ask: 0 is the kernel actor that batches, 1 the one that does not.
  requests @1 :UInt64;
  # Questions in this round: of all agents together to the collector, of the one agent to that agent.
}

struct Verdict {
  # What the kernel actor took one held-out image for.
  image @0 :UInt32;
  # Its number among the held-out images, from 0.
  digit @1 :UInt32;
  # The most probable class, 0 to 9.
  confidence @2 :Float32;
  # That class's probability, 0 to 1.
}

struct Report {
  # To the collector: one agent's round is over.
  latenciesNs @0 :List(UInt64);
  # From each question to the handling of its answer, in nanoseconds; one for each answered question.
  verdicts @1 :List(Verdict);
  # One for each of the agent's images whose first question in this round was answered; none from an agent whose images
  # another agent counts.
  failures @2 :List(Failure);
  # Questions that were not answered, by cause.

  struct Failure {
    code @0 :UInt16;
    # A number of myelin::Errc.
    count @1 :UInt64;
  }
}

struct Ping {
  # Goes back and forth between two agents.
  number @0 :UInt64;
}

struct Chunk {
  # One message of a stream between two agents.
  payload @0 :Data;
  last @1 :Bool;
  # Ask for a receipt: the sender waits for it.
}

struct Receipt {
  # What has arrived so far.
  bytes @0 :UInt64;
}
