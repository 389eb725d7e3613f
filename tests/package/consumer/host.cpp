// Loads the plugin, and asks its agent.
#include <chrono>
#include <cstdio>

#include "greeting.capnp.h"
#include "myelin/plugin/load.hpp"

int main(int, char** argv) {
  myelin::plugin::AgentTypes types;
  const auto loaded = myelin::plugin::load_plugin(argv[1], types);
  if (!loaded) return std::puts(loaded.error().message.c_str()), 1;
  myelin::Mesh mesh{{.workers = 1}};
  const auto greeter = (*types.find("greeter"))->spawn(mesh);
  if (!greeter) return std::puts(greeter.error().message.c_str()), 1;
  const auto answer = mesh.ask<greeting::Greeting>(
      *greeter, [](greeting::Hello::Builder hello) { hello.setName("Ada"); }, std::chrono::seconds{10});
  return answer && (*answer)->getText() == "Ada" ? 0 : 1;
}
