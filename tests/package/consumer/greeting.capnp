@0xd5b8b2e4c1a09f37;
# What the stranger's agents say to each other.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("greeting");

struct Hello {
  name @0 :Text;
}

struct Greeting {
  text @0 :Text;
}
