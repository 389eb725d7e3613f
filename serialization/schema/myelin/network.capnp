@0xd2b8a45c97e1036f;
# A feed-forward network in a file. docs/wire_format.md, "Network files", has the bytes around this message.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::schema");

struct NetworkFile {
  layers @0 :List(Layer);
  # From the input to the output; never empty.

  struct Layer {
    inputs @0 :UInt32;
    # Width of the layer's input, in numbers.
    outputs @1 :UInt32;
    # Width of its output; the next layer's inputs.
    activation @2 :Activation;
    # Applied to the layer's sums. The last layer has none: softmax follows it.
    weights @3 :List(Float32);
    # [inputs, outputs], row by row.
    bias @4 :List(Float32);
    # [outputs]
  }

  enum Activation {
    none @0;
    relu @1;
  }
}
