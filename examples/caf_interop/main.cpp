// A plain CAF actor asks an agent, and an agent asks a plain CAF actor. To CAF, a message of Myelin is one element: a
// myelin::Frame.
#include <chrono>
#include <cstdio>
#include <string>

#include <caf/all.hpp>

#include <myelin/actors/caf_interop.hpp>

#include "weather.capnp.h"

using namespace std::chrono_literals;

namespace {

/// Knows nothing itself: asks a sensor, which may be any CAF actor.
class Station : public myelin::Agent {
 public:
  explicit Station(myelin::AgentRef sensor) : sensor_{std::move(sensor)} {}
  static void handlers(myelin::Handlers<Station>& on) { on.message<&Station::temperature>(); }

 private:
  myelin::Task<Temperature> temperature(myelin::Held<GetTemperature> question) {
    co_return co_await ask<Temperature>(
        sensor_, [&](GetTemperature::Builder get) { get.setPlace(question->getPlace()); }, 5s);
  }

  myelin::AgentRef sensor_;
};

/// A plain CAF actor: reads a question from a frame, and answers with one. (A class: a function that takes nothing but
/// its actor makes CAF 0.17 bind a reference to null, which the undefined-behaviour sanitizer reports.)
class Sensor : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[](const myelin::Frame& question) {
      const myelin::Held<GetTemperature> asked{question};
      return myelin::make_frame<Temperature>(
          [&](Temperature::Builder temperature) { temperature.setDegrees(asked->getPlace() == "Oslo" ? -3.5 : 21); });
    }};
  }
};

}  // namespace

int main() {
  myelin::Mesh mesh;
  caf::actor_system& system = myelin::caf_system(mesh);
  const caf::actor plain = system.spawn<Sensor>();
  const myelin::AgentRef station = mesh.spawn<Station>(myelin::to_agent_ref(plain));

  // The other way round: CAF's own request() to the agent.
  double degrees = 0;
  caf::scoped_actor self{system};
  self->request(myelin::to_caf_actor(station), 5s,
                myelin::make_frame<GetTemperature>([](GetTemperature::Builder get) { get.setPlace("Oslo"); }))
      .receive(
          [&](const myelin::Frame& answer) {
            degrees = myelin::Held<Temperature> { answer } -> getDegrees();
          },
          [&](const caf::error& error) { std::fprintf(stderr, "%s\n", caf::to_string(error).c_str()); });
  std::printf("CAF asked the agent, which asked CAF: %.1f degrees in Oslo\n", degrees);
  caf::anon_send_exit(plain, caf::exit_reason::user_shutdown);
  return degrees == -3.5 ? 0 : 1;
}
