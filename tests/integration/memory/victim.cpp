// A process with a group of validators and clients, to be killed: says on standard output what it was promised, a line
// a write, once it was. Usage: memory_victim FOLDER RUN
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "myelin/memory/memory.hpp"
#include "myelin/validator/group.hpp"

using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string run = argv[2];
  myelin::Mesh mesh{{.workers = 2, .job_threads = 4}};
  auto group = myelin::validator::ValidatorGroup::start(mesh, {.validators = 4, .folder = argv[1]});
  if (!group) {
    std::fprintf(stderr, "%s\n", myelin::to_string(group.error()).c_str());
    return 1;
  }
  const auto memory = myelin::Memory::start_session(mesh, group->directory());
  std::vector<std::jthread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0;; ++i) {
        const std::string key = run + "." + std::to_string(client) + "." + std::to_string(i);
        if (!mesh.ask(memory.put(key, "value of " + key), 60s)) continue;
        const std::string line = key + "\n";
        if (write(STDOUT_FILENO, line.data(), line.size()) < 0) return;  // in one piece: lines are short
        static_cast<void>(mesh.ask(memory.add("counter", 1), 60s));
      }
    });
  }
}
