@0x83d1ff9cc4d39271;
# What the plugins of the tests, and the tests, say to each other.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("plugin_test");

struct Hello {
  name @0 :Text;
}

struct Greeting {
  text @0 :Text;
}

struct GreeterSettings {
  # What a greeter can be told.
  greeting @0 :Text = "Hello";
  times @1 :UInt8 = 1;
}
