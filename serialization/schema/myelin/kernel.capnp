@0x9f3c7d6b1a2e4f58;
# What agents ask of kernel actors, and what they are told.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::schema");

struct InferRequest {
  # Classify one input vector with the kernel actor's network.
  inputs @0 :List(Float32);
  # As many as the network has inputs, in the units it was trained on. No default: an empty list is refused.
}

struct InferAnswer {
  classIndex @0 :UInt32;
  # The most probable class, from 0.
  probabilities @1 :List(Float32);
  # One per class, each 0 to 1, together 1.
  batchSize @2 :UInt32;
  # How many requests ran in the same kernel call, this one included.
}

struct InferenceSettings {
  # What an agent of the type 'inference' is told: it answers InferRequest with a network.
  network @0 :Text;
  # The network's file. Required.
  backend @1 :Text = "auto";
  # Where it runs: auto, scalar, simd or opencl.
  maxBatch @2 :UInt32 = 64;
  # Most requests in one call of the kernel, from 1.
}
