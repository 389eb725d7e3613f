@0xd4ec650252f06656;
# Counting the words of texts: chunks go to mappers, counts to reducers.

struct Chunk {
  text @0 :Text;
  # Ends between words.
}

struct Mapped {
  # The answer to a Chunk: it has been counted.
}

struct Count {
  word @0 :Text;
  times @1 :UInt64;
}

struct EndOfInput {
  # Nothing more comes from this sender.
}

struct GetCounts {
  # Asks a reducer for its Counts, once all input has come.
}

struct Counts {
  words @0 :List(Count);
}
