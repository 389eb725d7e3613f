@0xc3a5e1f7482b9d06;
# What validators of a consensus group sign and exchange. docs/consensus.md has the rules.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::schema");

struct Digest256 {
  # 32 bytes, the first in the lowest byte of word0.
  word0 @0 :UInt64;
  word1 @1 :UInt64;
  word2 @2 :UInt64;
  word3 @3 :UInt64;
}

struct VertexHeader {
  # What a validator signs: the digest is taken over exactly these bytes, as they were received.
  epoch @0 :UInt64;
  # The committee it belongs to.
  round @1 :UInt64;
  # From 1.
  author @2 :UInt8;
  # Index in the committee, from 0.
  parents @3 :List(Parent);
  # The author's own previous vertex first, the others by ascending author; at most one of each author.
  payloadRoot @4 :Digest256;
  # Merkle root over the payload's bytes; absent where there is no payload.
  payloadBytes @5 :UInt32;
  # The payload's length; 0 for none.
  commitVote @6 :StateAt;
  # The author's last commit: its index, from 1, and its chained digest. Absent before the first.
  stateVote @7 :StateAt;
  # The last commit that the author has executed, and the root of the state after it. Absent before the first.
  time @8 :Int64;
  # The author's wall clock in nanoseconds since 1970. Advisory: medians of it become commit times.

  struct Parent {
    round @0 :UInt64;
    # Below the vertex's own.
    author @1 :UInt8;
    word0 @2 :UInt64;
    word1 @3 :UInt64;
    word2 @4 :UInt64;
    word3 @5 :UInt64;
    # Its digest, as in Digest256: in the list itself, which spares a pointer a parent.
  }

  struct StateAt {
    index @0 :UInt64;
    digest @1 :Digest256;
  }
}

struct Payload {
  # What a vertex carries beside its header, and the header's payloadRoot vouches for.
  batches @0 :List(Data);
  # Each a Cap'n Proto message of one segment, whose root is a TransactionBatch; opaque to the order of things.
}
