@0xa3d90b6e5f1c7248;
# What the cluster demo's foreman asks of its readers.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::reading::schema");

struct ReaderSettings {
  images @0 :Text;
  # The digits' file.
  kernel @1 :Text;
  # The name of the agent that knows digits; one on the same node is taken first.
}

struct Read {
  # Which digit does this held-out image show?
  request @0 :UInt64;
  image @1 :UInt32;
}

struct ReadDone {
  request @0 :UInt64;
  digit @1 :UInt32;
}

struct WakeUp {
  # To the foreman: there are orders.
}

struct Recruit {
  # To the recruiter: have a node start readers of these numbers.
  node @0 :Text;
  settings @1 :Text;
  begin @2 :UInt64;
  end @3 :UInt64;
}

struct Recruited {}
