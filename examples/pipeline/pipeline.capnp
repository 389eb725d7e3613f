@0x8ab9706515deac86;
# Weather readings on their way from text to a summary.

struct More {
  # From the source to itself: go on.
}

struct Line {
  text @0 :Text;
  # "station;degrees", such as "Oslo;-3.5".
}

struct Reading {
  station @0 :UInt8;
  # An index into the list of stations.
  tenths @1 :Int32;
  # Tenths of a degree Celsius.
}

struct EndOfInput {
  # Nothing more comes from this sender.
}

struct GetSummary {
  # Asks for the Summary once all input has come.
}

struct Summary {
  stations @0 :List(Station);
  batches @1 :UInt64;
  # Frames in which the readings came.

  struct Station {
    readings @0 :UInt64;
    sumTenths @1 :Int64;
  }
}
