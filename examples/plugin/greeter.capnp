@0xaae6ff7145198246;
# What the greeter of examples/plugin takes, answers, and can be told.

struct Hello {
  name @0 :Text;
  # Who says hello.
}

struct Greeting {
  text @0 :Text;
  # The greeter's answer.
}

struct GreeterSettings {
  greeting @0 :Text = "Hello";
  # What it says before the name.
}
