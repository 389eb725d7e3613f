@0xa1efe364b99f4b21;
# A producer that is faster than its consumer.

struct More {
  # From the producer to itself: go on.
}

struct Work {
  number @0 :UInt32;
}

struct Beat {
  # Sent on the control lane: must never be lost, and never wait behind work.
}
