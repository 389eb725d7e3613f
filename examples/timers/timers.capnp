@0xc762e4008e073e3f;
# A door that closes by itself.

struct Open {
}

struct GetState {
}

struct State {
  open @0 :Bool;
  checks @1 :UInt32;
  # Times that it was looked after.
}
