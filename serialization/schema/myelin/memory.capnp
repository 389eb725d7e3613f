@0x9d4c8b1f6e2a7053;
# What agents ask of the shared memory, and what it answers. Use myelin/memory/memory.hpp: it writes and reads these.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::schema");

struct MemoryRequest {
  # Operations that are executed in this order. Answered with a MemoryReply.
  batch @0 :Data;
  # A TransactionBatch in one segment; its client and sequence are the session's to choose.
}

struct MemoryStaleGet {
  # What a key holds, as one validator has it. Answered with a MemoryReply of one result.
  key @0 :Data;
  ageMax @1 :Int64;
  # In nanoseconds: a validator whose last commit is older is not listened to.
}

struct MemoryPlaceRequest {
  # Where the changes after this moment begin. Answered with a MemoryReply.
}

struct MemoryChangesRequest {
  # Changes of keys, behind a place. Answered with a MemoryReply.
  prefix @0 :Data;
  # What the keys begin with, to the letter.
  pattern @1 :Data;
  # What follows matches this.
  place @2 :MemoryReply.Place;
  changesMax @3 :UInt32;
  wait @4 :Int64;
  # Nanoseconds to wait for a change where there is none yet.
}

struct MemoryReply {
  commit @0 :UInt64;
  # The commit in which the operations were executed.
  time @1 :Int64;
  # Its time, nanoseconds since 1970.
  results @2 :List(Result);
  # One an operation.
  changes @3 :List(Change);
  # In order of their commits, and of their keys within one.
  place @4 :Place;
  # Up to where all changes are among those: where to go on.
  isTooOld @5 :Bool;
  # The validators do not know any more what has changed since then.

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
    # Of a lease.
    expires @3 :Int64;
    # Of a lease, and of bytes with a time to live: nanoseconds since 1970 by commit time. 0: no end.
    token @4 :UInt64;
    # Of a lease.
    bytes @5 :Data;
    # At a word's boundary: a Cap'n Proto message in it is read in place.
  }

  struct Entry {
    key @0 :Data;
    value @1 :Value;
  }

  struct Change {
    commit @0 :UInt64;
    time @1 :Int64;
    # The commit's, nanoseconds since 1970.
    key @2 :Data;
    value @3 :Value;
    # What the commit left the key with; an absent one: nothing.
  }

  struct Place {
    # Behind all changes of a commit and those before it; or, where there is a key, behind this key's in it.
    commit @0 :UInt64;
    key @1 :Data;
  }
}
