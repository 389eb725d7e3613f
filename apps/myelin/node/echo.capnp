@0xd1c4a06b7f9e8352;
# What the agents of type 'echo' take and answer, which every node has: for trying things out.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("myelin::tool::messages");

struct Echo {
  text @0 :Text;
  # Comes back as it was sent; empty by default.
}
