// Uses something that is compiled, not only declared, of each layer.
#include <array>
#include <chrono>
#include <cstdio>
#include <string>

#include "greeting.capnp.h"
#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/serialization/guard.hpp"
#include "myelin/serialization/wire.hpp"
#include "myelin/testkit/probe.hpp"
#include "myelin/testkit/seeds.hpp"

namespace {

using greeting::Greeting;
using greeting::Hello;

class Greeter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Greeter>& on) { on.message<&Greeter::greet>(); }

 private:
  void greet(Hello::Reader hello, myelin::Reply<Greeting> reply) {
    const std::string text = std::string("Hello, ") + hello.getName().cStr();
    reply.send([&](Greeting::Builder greeting) { greeting.setText(text); });
  }
};

bool base_works() {
  const myelin::Result<int> result = myelin::fail(myelin::Errc::timeout, "no answer within 2 s");
  return !result && myelin::to_string(result.error()) == "timeout: no answer within 2 s";
}

bool serialization_works() {
  const myelin::TimePoint now{std::chrono::hours{1}};
  const auto sent = myelin::make_frame<Hello>([](Hello::Builder hello) { hello.setName("Ada"); });
  const auto received = myelin::open_foreign(myelin::encode(sent, now), now);
  return received && myelin::check_as<Hello>(*received) && myelin::Held<Hello> { *received } -> getName() == "Ada";
}

bool kernels_work() {
  const std::array<float, 4> a = {1, 2, 3, 4};
  const std::array<float, 4> b = {5, 6, 7, 8};
  std::array<float, 4> c = {};
  const auto done = myelin::kernels::sgemm({a.data(), 2, 2}, {b.data(), 2, 2}, {c.data(), 2, 2});
  return done && c == std::array<float, 4>{19, 22, 43, 50};
}

bool actors_work() {
  myelin::Mesh mesh{{.workers = 1}};
  const auto greeter = mesh.spawn<Greeter>();
  const auto answer = mesh.ask<Greeting>(
      greeter, [](Hello::Builder hello) { hello.setName("Ada"); }, std::chrono::seconds{10});
  return answer && (*answer)->getText() == "Hello, Ada";
}

bool testkit_works() {
  bool lost = false;
  myelin::testkit::for_each_seed({.count = 3}, [&](std::uint64_t seed) {
    myelin::testkit::TestMesh mesh{seed};
    myelin::testkit::Probe client{mesh};
    const auto greeter = mesh.spawn<Greeter>();
    const auto greet = [&] {
      return client.ask<Greeting>(greeter, [](Hello::Builder hello) { hello.setName("Ada"); });
    };
    myelin::testkit::require(greet().has_value(), "the greeter answers");
    mesh.faults().drop<Hello>({.to = greeter});
    lost = !greet().has_value();
  });
  return lost;
}

bool claim(const char* layer, bool works) {
  std::printf("%s: %s\n", layer, works ? "works" : "FAILS");
  return works;
}

}  // namespace

int main() {
  bool works = true;
  works &= claim("base", base_works());
  works &= claim("serialization", serialization_works());
  works &= claim("kernels", kernels_work());
  works &= claim("actors", actors_work());
  works &= claim("testkit", testkit_works());
  return works ? 0 : 1;
}
