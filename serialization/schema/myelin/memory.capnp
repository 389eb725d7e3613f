@0x9d4c8b1f6e2a7053;
# What agents ask of the shared memory, and what it answers. Use myelin/memory/memory.hpp: it writes and reads these.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::schema");

struct MemoryRequest {
  # Operations that are executed in this order. Answered with a MemoryReply.
  batch @0 :Data;
  # A TransactionBatch in one segment; its client and sequence are the session's to choose.
}

struct MemoryReply {
  commit @0 :UInt64;
  # The commit in which the operations were executed.
  time @1 :Int64;
  # Its time, nanoseconds since 1970.
  results @2 :List(Result);
  # One an operation.

  struct Result {
    status @0 :UInt8;
    # consensus::Status.
    refusal @1 :UInt8;
    # consensus::TransactionRefusal, of a malformed one.
    isCut @2 :Bool;
    # There was a value, or there were entries; but too much to answer with.
    value @3 :Value;
    entries @4 :List(Entry);
    # Of a range.
  }

  struct Value {
    kind @0 :UInt8;
    # consensus::ValueKind.
    number @1 :Int64;
    # Of a number.
    holder @2 :UInt64;
    expires @3 :Int64;
    token @4 :UInt64;
    # Of a lease.
    bytes @5 :Data;
    # At a word's boundary: a Cap'n Proto message in it is read in place.
  }

  struct Entry {
    key @0 :Data;
    value @1 :Value;
  }
}
