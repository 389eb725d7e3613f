@0xf806347ce3ddc25b;
# A worker's jobs, and what it has done.

struct Job {
  number @0 :UInt64;
}

struct GetTotals {
  # Asks for the Totals so far.
}

struct Totals {
  done @0 :UInt64;
  # Jobs.
  restarts @1 :UInt64;
  # Times that the worker was restarted.
}
