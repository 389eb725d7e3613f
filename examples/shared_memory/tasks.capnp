@0xe2c4a91d5b3f7086;

struct Report {
  # What became of a task.
  worker @0 :Text;
  letters @1 :UInt32;
}
