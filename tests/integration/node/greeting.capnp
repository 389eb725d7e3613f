@0xa0cae33d11d8e393;
# What the plugin's agents and the tests say to each other.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("node_test");

struct Hello {
  name @0 :Text;
}

struct Greeting {
  text @0 :Text;
}

struct GreeterSettings {
  greeting @0 :Text = "Hello";
}
