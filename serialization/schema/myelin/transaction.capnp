@0xe41b6c0d95f7a238;
# What clients ask of the replicated state: batches of transactions, inside the vertices' payloads.
#
# Keys are 1 to 256 bytes, values up to 64 KiB; myelin/consensus/execution_limits.hpp has every bound. A key holds
# nothing, bytes, a number or a lease. Leases end, and bytes may: at a commit's time, not anybody's clock. Whoever sets a
# key that holds bytes sets its end, too: it has one only by a put or cas with a time to live.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::schema");

struct TransactionBatch {
  # One segment, sent without a segment table.
  client @0 :UInt64;
  # Who asks. Answers are kept for the client, and leases are held by it.
  sequence @1 :UInt64;
  # Numbers the client's batches, from 1. A number is executed once, however often it comes; one that is more than 15
  # behind another that shares its place (equal modulo 16) is stale.
  transactions @2 :List(Transaction);
  # Executed in this order, each wholly or not at all, and each whatever became of the others.
}

struct Transaction {
  union {
    none @0 :Void;
    # Refused: no operation was chosen.

    put :group {
      # Sets a key to bytes, whatever it held; but a lease that is held stays.
      key @1 :Data;
      value @2 :Data;
      timeToLive @28 :Int64;
      # Nanoseconds from the commit's time, up to ten years: at commits of the sum and later the key holds nothing. 0: no
      # end.
    }
    get :group {
      # Answers with what the key holds.
      key @3 :Data;
    }
    cas :group {
      # Sets a key if it holds what is expected; else answers with what it holds.
      key @4 :Data;
      expected @5 :Data;
      ifAbsent @6 :Bool;
      # Expect nothing, rather than `expected`.
      desired @7 :Data;
      timeToLive @29 :Int64;
      # As of put, if it is set.
    }
    delete :group {
      # Makes the key hold nothing.
      key @8 :Data;
    }
    add :group {
      # Adds to a number; nothing counts as 0. Wraps around at 64 bits, so that additions commute, and does not answer
      # with the sum.
      key @9 :Data;
      delta @10 :Int64;
    }
    transfer :group {
      # Takes from one number, if it is large enough, and adds to another.
      from @11 :Data;
      to @12 :Data;
      amount @13 :Int64;
      # At least 1.
    }
    claim :group {
      # Takes a lease on a key that holds nothing, or whose lease is over: at the commit's time, not anybody's clock.
      # Answers with the lease; its token is larger than that of any lease before, on any key.
      key @14 :Data;
      duration @15 :Int64;
      # Nanoseconds from the commit's time, 1 to a day.
    }
    renew :group {
      # Makes a lease last longer, if the client holds it by this token.
      key @16 :Data;
      token @17 :UInt64;
      duration @18 :Int64;
      # Nanoseconds from the commit's time, 1 to a day.
    }
    release :group {
      # Gives a lease back, if the client holds it by this token. The key then holds nothing.
      key @19 :Data;
      token @20 :UInt64;
    }
    range :group {
      # Answers with the keys from `first` on and what they hold, in order of the keys' bytes.
      first @21 :Data;
      # Empty: from the lowest.
      end @22 :Data;
      # The first key that is left out; empty: to the highest.
      limit @23 :UInt32;
      # Most keys in the answer, 1 to 256.
    }
    script :group {
      # Steps over eight registers, which hold nothing at first. All it stores happens at its end, or not at all.
      steps @24 :List(Step);
      # 1 to 64. They run forwards only, so every script ends.
      keys @25 :List(Data);
      # The keys it may touch, at most 16, if it can say; empty: any. Known keys allow the scheduled executor.
    }
    reconfigure :group {
      # Ends the epoch with this commit, if a quorum approves. The first such in an epoch counts.
      epoch @26 :UInt64;
      # The epoch it ends: one that comes late ends no other.
      validators @27 :List(Data);
      # The next committee's Ed25519 public keys, 32 bytes each, 1 to 64, in order of their indices.
      approvals @30 :List(Approval);
      # Of a quorum of this epoch's committee, by ascending validator.
    }
  }

  struct Approval {
    validator @0 :UInt8;
    # Index in this epoch's committee.
    signature @1 :Data;
    # Ed25519, 64 bytes, of the next committee's digest.
  }

  struct Step {
    # Absent operands of arithmetic count as 0. A register of another kind than the step needs ends the script.
    operation @0 :Operation;
    target @1 :UInt8 = 255;
    # Register that is set, 0 to 7.
    left @2 :UInt8 = 255;
    # First operand, 0 to 7. Of load and store it is the end of the key, or 255 for none.
    right @3 :UInt8 = 255;
    # Second operand, 0 to 7.
    number @4 :Int64;
    # A number, a count, or how many steps to skip.
    bytes @5 :Data;
    # Bytes, or the start of a key.
  }

  enum Operation {
    none @0;
    # Refused.
    number @1;
    # target = number.
    bytes @2;
    # target = bytes.
    load @3;
    # target = what the key holds. The key is `bytes` and then the register `left`: a number in decimal digits.
    store @4;
    # The key is as for load; it gets what the register `right` holds; nothing: the key is deleted.
    add @5;
    # target = left + right, wrapping around.
    subtract @6;
    # target = left - right, wrapping around.
    multiply @7;
    # target = left * right, wrapping around.
    less @8;
    # target = 1 where left < right as numbers, else 0.
    equal @9;
    # target = 1 where both hold the same, else 0.
    concat @10;
    # target = left and right, one after the other, as bytes; numbers in decimal digits.
    digest @11;
    # target = BLAKE2b-256 of left as bytes, of that again, and so on `number` times: 1 to 256 in all of a script.
    skipUnless @12;
    # Where left is nothing or 0, skips `number` steps; at most to the end.
    require @13;
    # Where left is nothing or 0, the script ends without effect.
    result @14;
    # The answer's value is what left holds.
  }
}
