@0xe1c47d0b95a2638f;
# What the fetcher, its store, its clients and its monitor say to each other.

struct Fetch {
  key @0 :Text;
  # What a client wants to know the value of.
}

struct Lookup {
  key @0 :Text;
  # The same question, from the fetcher to the store.
}

struct Value {
  text @0 :Text;
  # What the store holds under the key.
}

struct GaveUp {
  key @0 :Text;
  # What the store gave no answer for.
  tries @1 :UInt32;
  # How many times it was asked.
}
