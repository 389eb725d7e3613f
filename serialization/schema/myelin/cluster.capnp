@0xc1a9e27d54b80f36;
# What the nodes of a cluster say to each other about themselves and their agents. docs/cluster.md has the rules.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::schema");

struct MemberRecord {
  # A node, as it describes itself. Nobody else changes it: others pass it on.

  node @0 :Text;
  address @1 :Text;
  # Where it listens; empty where nobody can dial it.
  incarnation @2 :UInt64;
  # Another, larger one each time it starts.
  version @3 :UInt64;
  # Counts its changes within one incarnation: of two records the one with the greater pair of numbers holds.
  hasLeft @4 :Bool;
  # It has said goodbye.
  connectedTo @5 :List(Text);
  # The nodes that it has a connection to.
  tags @6 :List(Text);
  # What it is good for, e.g. "gpu".
}

struct Gossip {
  # Records that the receiver may not have. Told, in the control lane.
  records @0 :List(MemberRecord);
}

struct PeerChange {
  # To the membership agent from its own node: a connection was made, or has ended.
  node @0 :Text;
  isConnected @1 :Bool;
}

struct Leave {
  # To the membership agent from its own node: say goodbye. Answered when the others were told.
}

struct Left {}

struct AgentAddress {
  # An agent anywhere in the cluster, so that it can be sent in messages.
  node @0 :Text;
  name @1 :Text;
}

struct FindAgents {
  # Which agents there are. Answered with an AgentList.
  name @0 :Text;
  # Those of this name only; empty: of any.
  type @1 :Text;
  # Likewise.
  everywhere @2 :Bool;
  # On all nodes that can be reached; else on the one that is asked.
}

struct AgentList {
  agents @0 :List(Entry);
  unreachable @1 :List(Text);
  # Nodes that were asked and did not answer: what is there is not in the list.

  struct Entry {
    address @0 :AgentAddress;
    type @1 :Text;
    # As it was registered; empty where it was not.
    state @2 :Text;
    # "ready", "draining" and the like.
    waiting @3 :UInt64;
    # Messages in its mailbox.
  }
}

struct Published {
  # To the directory from its own node: an agent of that name is there now.
  name @0 :Text;
}

struct SpawnAgent {
  # Starts an agent of a registered type, and publishes it. Answered with its AgentAddress.
  type @0 :Text;
  name @1 :Text;
  # Empty: one is made up.
  settings @2 :Text;
  # JSON, for its constructor.
}

struct StopAgent {
  # Ends an agent once it has handled what waits for it. Answered with a StopDone.
  name @0 :Text;
}

struct StopDone {}

struct MonitorAgent {
  # Answered when the agent ends, with an AgentEnded; at once if there is none of that name, or it has ended.
  name @0 :Text;
}

struct AgentEnded {
  hasFailed @0 :Bool;
  reason @1 :Text;
  # Why it has failed, or that it was never there.
  isUnknown @2 :Bool;
  # Nobody of that name is, or was, there.
}
