@0xc8a3a9d5d4ee1b70;
# Messages for the tests: of every shape that the code treats in its own way.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("samples");

struct Tick {
  # No pointers: laid out without an arena.
  value @0 :UInt64;
}

struct Reading {
  # No pointers, several sizes, a default and a union.
  sensor @0 :UInt16;
  celsius @1 :Float32 = -273.15;
  valid @2 :Bool;
  union {
    none @3 :Void;
    sequence @4 :UInt64;
    code @5 :Int32;
  }
}

struct Empty {
  # No fields at all.
}

struct Note {
  # Pointers: text and bytes.
  id @0 :UInt64;
  text @1 :Text;
  payload @2 :Data;
}

struct Tree {
  # Recursive.
  label @0 :Text;
  children @1 :List(Tree);
  link @2 :Tree;
}
