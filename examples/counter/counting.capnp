@0xe4b07c3a95d2168f;
# Counting words: many small messages one way, one question back.

struct Word {
  length @0 :UInt32;
  # Letters in it.
}

struct HowMany {
  # Asks for the Total so far.
}

struct Total {
  words @0 :UInt64;
  letters @1 :UInt64;
  frames @2 :UInt64;
  # Frames in which the words came: far fewer than words.
}
