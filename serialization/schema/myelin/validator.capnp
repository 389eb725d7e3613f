@0xb8f25d7c1e94a603;
# What the agents of validators and their clients send each other. docs/shared_memory.md has what clients are promised.

using Cxx = import "/capnp/c++.capnp";
using Consensus = import "consensus.capnp";
using Memory = import "memory.capnp";
$Cxx.namespace("myelin::schema");

struct HandedOver {
  # Something was handed over in memory, to an agent of the same validator: it is to look.
}

struct Begin {
  # To an agent of a validator: all others are there, too.
}

struct SignedVertex {
  # As its author sent it: the digest is over exactly these bytes.
  header @0 :Data;
  # A VertexHeader in one segment.
  payload @1 :Data;
  # A Payload in one segment; empty for none.
  signature @2 :Data;
  # Ed25519, 64 bytes.
}

struct PeerLetter {
  # From one validator to another.
  epoch @0 :UInt64;
  # The committee that both belong to.
  from @1 :UInt8;
  # The sender's index in it.
  union {
    none @2 :Void;
    # Refused.
    vertex @3 :SignedVertex;
    fetch @4 :List(Consensus.VertexHeader.Parent);
    # Asks for vertices by name.
    range :group {
      # Asks for whatever there is in the rounds above `after`.
      after @5 :UInt64;
      have @6 :UInt64;
      # Authors whose vertices of the round behind that one the asker has; one bit each.
    }
    fetched :group {
      # Answers both.
      vertices @7 :List(SignedVertex);
      forgotten @8 :UInt64;
      # The sender no longer has rounds up to this one.
    }
    snapshotAbove @9 :UInt64;
    # Asks for a state after a commit above this one.
    snapshot :group {
      # Answers it; a tail of no bytes: there is none.
      tail @10 :Data;
      # The last commits, as a log's base record has them.
      stateRoot @11 :Consensus.Digest256;
      state @12 :Data;
    }
    statementOn @13 :UInt64;
    # Asks for the sender's word on the state after a commit.
    statement :group {
      # Answers it; a signature of no bytes: there is none.
      commit @14 :UInt64;
      commitDigest @15 :Consensus.Digest256;
      root @16 :Consensus.Digest256;
      signature @17 :Data;
      # Ed25519, 64 bytes.
    }
  }
}

struct SubmitBatch {
  # From a client: a batch that is to be ordered and executed. Answered with a BatchAnswer once it is.
  client @0 :UInt64;
  sequence @1 :UInt64;
  # As the batch has them.
  batch @2 :Data;
  # A TransactionBatch in one segment, of whole words.
}

struct AwaitBatch {
  # From a client that submits the batch elsewhere: answered with a BatchAnswer without the replies.
  client @0 :UInt64;
  sequence @1 :UInt64;
}

struct BatchAnswer {
  verdict @0 :UInt8;
  # consensus::Verdict.
  refusal @1 :UInt8;
  # consensus::BatchRefusal, of a refused batch.
  commit @2 :UInt64;
  # The commit that it was executed in, or answered after.
  time @3 :Int64;
  # The commit's time, nanoseconds since 1970.
  digest @4 :Consensus.Digest256;
  # Of the batch that was executed and the replies to it, as consensus::answer_digest() has it: what validators are
  # compared by.
  replies @5 :Data;
  # As consensus::encode_replies() has them. Only in answers to SubmitBatch.
  batch @6 :Consensus.Digest256;
  # consensus::batch_digest() of what was executed under this sequence. Only in answers to SubmitBatch.
}

struct ReadKey {
  # From a client: what the validator's own state has, ordered with nothing. Answered with a KeyState.
  key @0 :Data;
  # Empty: only which state it is.
  ageMax @1 :Int64;
  # Nanoseconds: of an older state nothing is told.
}

struct KeyState {
  commit @0 :UInt64;
  # The last that was executed.
  time @1 :Int64;
  # Its time, nanoseconds since 1970.
  isTooOld @2 :Bool;
  # By the validator's clock.
  value @3 :Memory.MemoryReply.Value;
  # In force at the commit's time.
}

struct AwaitChanges {
  # From a client: changes of keys that commits made. Answered with a ChangesAnswer, at once if there are any or if it
  # cannot be told, else when some come, or with none when the time is over.
  prefix @0 :Data;
  pattern @1 :Data;
  # Keys that begin with `prefix`, and match `pattern` behind it.
  after @2 :Memory.MemoryReply.Place;
  changesMax @3 :UInt32;
  wait @4 :Int64;
  # Nanoseconds.
  until @5 :Memory.MemoryReply.Place;
  isCheck @6 :Bool;
  # Only their digest is wanted, of all between `after` and `until`.
}

struct ChangesAnswer {
  isTooOld @0 :Bool;
  # The validator does not know any more what has changed since then, or never did.
  through @1 :Memory.MemoryReply.Place;
  # All there are up to here are among `changes`.
  digest @2 :Consensus.Digest256;
  # Of a check.
  changes @3 :List(Memory.MemoryReply.Change);
  # Not of a check.
}

struct WantCopy {
  # A copy of a validator's state is to be made, and kept for whoever asked. Answered with a CopyMade.
  startOf @0 :UInt64;
  # The state that this epoch started from, as snapshots have it. 0: the latest, as a backup.
  commitMin @1 :UInt64;
  # Of a backup: the state is to be after this commit or a later one.
}

struct CopyMade {
  copy @0 :UInt64;
  # Names it, for whoever reads it.
  bytes @1 :UInt64;
  # All of it.
  commit @2 :UInt64;
  # The state is after this commit, or of a backup, a later one.
}

struct ReadCopy {
  # Answered with a CopyPart.
  copy @0 :UInt64;
  offset @1 :UInt64;
  bytesMax @2 :UInt32;
  # A validator has a bound of its own beside.
}

struct CopyPart {
  bytes @0 :Data;
  # Behind the copy's end: none.
}

struct EndCopy {
  # A copy is not needed any more. It would be forgotten sooner or later.
  copy @0 :UInt64;
}

struct AskEpoch {
  # From one validator to another: where it stands. Answered with an EpochWord.
  from @0 :UInt64;
  # Who validates is told of this epoch and later ones.
}

struct EpochWord {
  isHere @0 :Bool;
  # Else the sender has not come to any epoch yet.
  epoch @1 :UInt64;
  hasEnded @2 :Bool;
  # It has all that the next one starts from.
  committee @3 :Data;
  # Who validates in the epoch, as a committee file's bytes.
  commit @4 :Consensus.Digest256;
  stateRoot @5 :Consensus.Digest256;
  index @6 :UInt64;
  time @7 :Int64;
  # What the epoch starts from: with `committee` only.
  next @8 :Data;
  # The committee file that the sender's operator wants for the next epoch; no bytes: none.
  approval @9 :Data;
  # The sender's signature of consensus::next_committee_digest() of it, 64 bytes.
}
