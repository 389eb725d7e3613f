@0xe1c0a2d95b7f4436;
# What Myelin's side of `myelin bench agents` sends. Numbers that have no unit count things. No field has a default
# other than 0.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::tool::savina::schema");

struct Go {
  # Start, or go on with the next portion.
}

struct Number {
  # A piece of work, or a question's and answer's running number.
  value @0 :UInt64;
  # The number.
}

struct Result {
  # To whoever gave the work: all of it is done.
  value @0 :UInt64;
  # The sum of what came of it.
}

struct Increment {
  # Counting: one more.
}

struct Retrieve {
  # Counting, Banking: how much is it? The answer is a Result.
}

struct Token {
  # ThreadRing: to be passed on.
  hops @0 :UInt64;
  # How often still.
}

struct Meet {
  # Chameneos: to the mall, I want to meet somebody; to one who waits there, here is somebody.
  chameneo @0 :UInt64;
  # Who.
  colour @1 :UInt64;
  # Of what colour, below 3.
}

struct Change {
  # Chameneos: to the second of a pair, from the first.
  colour @0 :UInt64;
  # What both become.
}

struct Enough {
  # Chameneos: the mall closes. BoundedBuffer: a producer has no more.
}

struct Ping {
  # Big: to be answered.
  from @0 :UInt64;
  # Whom to answer: the number of the agent.
}

struct Pong {
  # Big: the answer.
}

struct Produce {
  # BoundedBuffer: to a producer, there is room for an item.
}

struct Item {
  # BoundedBuffer: from a producer to the buffer.
  producer @0 :UInt64;
  # Who made it.
  value @1 :UInt64;
  # What it is.
}

struct Delivery {
  # BoundedBuffer: from the buffer to a consumer.
  value @0 :UInt64;
  # The item.
}

struct Hungry {
  # BoundedBuffer: from a consumer to the buffer, give me an item.
  consumer @0 :UInt64;
  # Who asks.
}

struct Transfer {
  # Banking: to the account that pays. The answer is Done.
  to @0 :UInt64;
  # The account that is paid.
  amount @1 :UInt64;
  # How much.
}

struct Deposit {
  # Banking: to the account that is paid. The answer is Done.
  amount @0 :UInt64;
  # How much.
}

struct Done {
  # Banking: the money is there.
}

struct Grown {
  # UCT: to the parent, the tree below is complete.
}

struct Urge {
  # UCT: do the work of your nodes.
}

struct Harvest {
  # UCT: to the parent.
  nodes @0 :UInt64;
  # How many did their work.
  values @1 :UInt64;
  # The sum of what came of it, modulo 2^64.
}

struct Board {
  # NQueens: to be filled.
  row @0 :UInt64;
  # How many rows are.
  columns @1 :UInt64;
  # A bit for each square of the next row that a queen threatens by its column.
  left @2 :UInt64;
  # By a diagonal that goes left.
  right @3 :UInt64;
  # By a diagonal that goes right.
}

struct Stamp {
  # A lone message.
  sentNs @0 :Int64;
  # When it was sent, by the monotonic clock, in nanoseconds.
}
