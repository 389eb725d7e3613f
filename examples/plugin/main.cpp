// A main() of one's own that loads plugins, and has an agent of its own: both are started by name.
#include <chrono>
#include <cstdio>
#include <string>

#include <myelin/plugin/load.hpp>
#include <myelin/plugin/register.hpp>

#include "greeter.capnp.h"

class Shouter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Shouter>& on) {
    on.message([](Hello::Reader hello, myelin::Reply<Greeting> reply) {
      reply.send([&](Greeting::Builder greeting) { greeting.setText(std::string{hello.getName()} + "!"); });
    });
  }
};

MYELIN_REGISTER_AGENT("shouter", Shouter)

namespace {

myelin::Result<std::string> greeting_by(myelin::Mesh& mesh, const myelin::plugin::AgentTypes& types,
                                        const std::string& name, const std::string& settings) {
  const auto type = types.find(name);
  if (!type) return tl::unexpected{type.error()};
  const auto told = myelin::plugin::AgentSettings::parse(settings);
  if (!told) return tl::unexpected{told.error()};
  const auto agent = (*type)->spawn(mesh, *told);
  if (!agent) return tl::unexpected{agent.error()};
  const auto answer = mesh.ask<Greeting>(
      *agent, [](Hello::Builder hello) { hello.setName("Ada"); }, std::chrono::seconds{10});
  if (!answer) return tl::unexpected{answer.error()};
  return std::string{(*answer)->getText().cStr()};
}

}  // namespace

int main(int argc, char** argv) {
  myelin::plugin::AgentTypes types;
  const auto own = myelin::plugin::add_own_agents(types);
  if (!own) return std::fprintf(stderr, "%s\n", own.error().message.c_str()), 1;
  for (int i = 1; i < argc; ++i) {
    const auto loaded = myelin::plugin::load_plugin(argv[i], types);
    if (!loaded) return std::fprintf(stderr, "%s\n", loaded.error().message.c_str()), 1;
    for (const std::string& type : loaded->types) std::printf("%s comes from %s\n", type.c_str(), argv[i]);
  }

  myelin::Mesh mesh;
  for (const auto& [name, settings] : {std::pair{"shouter", "{}"}, std::pair{"greeter", R"({"greeting": "Ciao"})"}}) {
    const auto text = greeting_by(mesh, types, name, settings);
    if (!text) return std::fprintf(stderr, "%s\n", text.error().message.c_str()), 1;
    std::printf("%s: %s\n", name, text->c_str());
  }
}
