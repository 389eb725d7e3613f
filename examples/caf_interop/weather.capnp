@0xa16f9c1919aaa360;
# What an agent and a plain CAF actor say to each other.

struct GetTemperature {
  place @0 :Text;
}

struct Temperature {
  degrees @0 :Float64;
  # Celsius.
}
