@0x8e61f0b3d2c94a57;
# What operators ask of a node: `myelin status`, `agents`, `ask`, `logs`. docs/operations.md has the commands.
# Every question names the node that it is about; empty: the one that is asked, which passes others on.

using Cxx = import "/capnp/c++.capnp";
using Cluster = import "cluster.capnp";
$Cxx.namespace("myelin::schema");

struct StatusRequest {
  # Answered with a NodeStatus.
  node @0 :Text;
}

struct NodeStatus {
  node @0 :Text;
  cluster @1 :Text;
  address @2 :Text;
  version @3 :Text;
  # Of Myelin.
  incarnation @4 :UInt64;
  uptime @5 :Int64;
  # Nanoseconds.
  workers @6 :UInt32;
  agentsRunning @7 :UInt64;
  agentsPublished @8 :UInt64;
  messagesHandled @9 :UInt64;
  messagesWaiting @10 :UInt64;
  deadLetters @11 :UInt64;
  residentBytes @12 :UInt64;
  processorTime @13 :Int64;
  # Nanoseconds, of all threads.
  types @14 :List(Text);
  # Of agents that can be started.
  peers @15 :List(Peer);
  members @16 :List(Member);
  processId @17 :UInt32;

  struct Peer {
    # A connection that is, was, or is tried.
    node @0 :Text;
    role @1 :Text;
    isConnected @2 :Bool;
    incarnation @3 :UInt64;
    connections @4 :UInt64;
    # So far.
    setUp @5 :Int64;
    # Nanoseconds that the last took.
    lastError @6 :Text;
    framesSent @7 :UInt64;
    # Over all connections so far.
  }

  struct Member {
    # As this node sees the cluster.
    node @0 :Text;
    address @1 :Text;
    state @2 :Text;
    # "up", "down", "left".
    isConnected @3 :Bool;
    incarnation @4 :UInt64;
    tags @5 :List(Text);
  }
}

struct ListRequest {
  # Answered with an AgentList of all nodes.
  name @0 :Text;
  type @1 :Text;
}

struct AgentRequest {
  # Answered with an AgentInfo.
  node @0 :Text;
  name @1 :Text;
}

struct AgentInfo {
  address @0 :Cluster.AgentAddress;
  type @1 :Text;
  agentClass @2 :Text;
  # Of C++.
  state @3 :Text;
  waiting @4 :UInt64;
  # Messages in its mailbox.
  handlers @5 :List(Handler);

  struct Handler {
    message @0 :Text;
    fields @1 :Text;
    # JSON: what each field is.
    answer @2 :Text;
    # The message that it answers with; empty where it gives none, or does not say.
  }
}

struct SpawnRequest {
  # Answered with an AgentAddress.
  node @0 :Text;
  type @1 :Text;
  name @2 :Text;
  settings @3 :Text;
}

struct StopRequest {
  # Answered with a StopDone.
  node @0 :Text;
  name @1 :Text;
}

struct AskRequest {
  # A message for an agent, as JSON. Answered with an AskAnswer.
  node @0 :Text;
  name @1 :Text;
  message @2 :Text;
  # The name of its schema; empty where the agent takes only one.
  json @3 :Text;
  tell @4 :Bool;
  # Do not wait for an answer.
}

struct AskAnswer {
  message @0 :Text;
  # The name of the answer's schema; empty where the message was told.
  json @1 :Text;
}

struct LogRequest {
  # Answered with a LogPage.
  node @0 :Text;
  after @1 :UInt64;
  # The number of the line that was seen last; 0: from the oldest that is kept.
  linesMax @2 :UInt32;
}

struct LogPage {
  lines @0 :List(Text);
  last @1 :UInt64;
  # The number of the last one, to go on after; `after` where there are none.
  isCut @2 :Bool;
  # Lines before these are not kept any more.
}
