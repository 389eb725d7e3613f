@0xb242f984cadd3eb1;
# Questions that end in every way there is.

struct Question {
  kind @0 :Kind;

  enum Kind {
    answer @0;
    refuse @1;
    forget @2;
    crash @3;
    never @4;
    circle @5;
  }
}

struct Answer {
  number @0 :UInt32;
}

struct Unknown {
  # A message that nobody has a handler for.
}
