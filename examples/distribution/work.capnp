@0xd0a4b1a3c8b7f2e1;
# What the agents of the example say to each other.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("example");

struct SignUp {
  worker @0 :Text;  # its address: "south/agent-1"
}

struct SignedUp {
}

struct Square {
  number @0 :UInt64;
}

struct Squared {
  number @0 :UInt64;
}

struct Sum {
  upTo @0 :UInt64;
}

struct Total {
  sum @0 :UInt64;
  workers @1 :UInt64;
}
