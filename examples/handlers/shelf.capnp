@0x9418977bffe1d1f7;
# A shelf of books: every way to take a message.

struct Book {
  title @0 :Text;
  pages @1 :UInt32;
}

struct Loan {
  days @0 :UInt32;
}

struct Find {
  title @0 :Text;
}

struct Found {
  pages @0 :UInt32;
}

struct CountBooks {
}

struct Books {
  count @0 :UInt32;
  days @1 :UInt32;
  # Of all loans together.
}
