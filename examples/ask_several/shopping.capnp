@0xeb750ba5a3af81ca;
# What a buyer asks shops, and what the program asks the buyer.

struct PriceOf {
  item @0 :Text;
}

struct Price {
  cents @0 :UInt32;
}

struct FindCheapest {
  item @0 :Text;
}

struct Cheapest {
  cents @0 :UInt32;
  shop @1 :UInt32;
  # Its number among the shops.
  answers @2 :UInt32;
  # Shops that had the item.
}

struct FindAnyBefore {
  item @0 :Text;
  milliseconds @1 :UInt32;
}
