@0xb1f4c2a97d3e6085;
# What agents that subscribe to dead letters are told.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::schema");

struct DeadLetterNotice {
  # Messages that nobody handled.
  cause @0 :UInt16;
  # A number of myelin::Errc.
  receiver @1 :UInt64;
  # The id of the agent that they were meant for; 0 when that is unknown.
  messageType @2 :UInt64;
  # The schema id of the messages; 0 where only an error was undeliverable.
  messages @3 :UInt64;
  # How many.
}
