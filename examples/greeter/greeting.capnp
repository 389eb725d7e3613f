@0xa2c9f5d81b3e6074;
# What the greeter and those who meet it say to each other.

struct Hello {
  name @0 :Text;
  # Who says hello.
}

struct Greeting {
  text @0 :Text;
  # The greeter's answer.
}
