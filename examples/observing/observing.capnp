@0xcdb2881df1bfaaf2;
# A shop with a front and a store room.

struct Order {
  pieces @0 :UInt32;
}

struct Parcel {
  pieces @0 :UInt32;
}

struct Take {
  pieces @0 :UInt32;
}

struct Taken {
  left @0 :UInt32;
}

struct Complaint {
}
