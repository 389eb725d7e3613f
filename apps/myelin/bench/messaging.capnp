@0xd3a1c5b7e0924f66;
# What Myelin's side of `myelin bench messages` sends.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::tool::messaging");

struct Number {
  # The 8-byte payload, and what goes to and fro in a round trip.
  value @0 :UInt64;
  # A running number, from 0.
}

struct Record {
  # The 64-byte payload.
  first @0 :UInt64;
  # This and the others: the running number of the message, from 0.
  second @1 :UInt64;
  third @2 :UInt64;
  fourth @3 :UInt64;
  fifth @4 :UInt64;
  sixth @5 :UInt64;
  seventh @6 :UInt64;
  last @7 :UInt64;
}

struct Buffer {
  # Any larger payload.
  bytes @0 :Data;
  # As many as the question asks for. No default: never empty.
}

struct Go {
  # To the sender: start, or send the next window.
}

struct Marker {
  # To the receiver: a window ends here.
}

struct Answer {
  # To the sender: every message before one marker has been handled.
}
