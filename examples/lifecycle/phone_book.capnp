@0xe7135bb444dce9aa;
# A phone book that must be read before it can answer.

struct Look {
  name @0 :Text;
}

struct Number {
  digits @0 :UInt64;
}
