// A process with a node, to be killed: says on standard output where it listens. Its agent "counter" answers a Tick
// with how many it has had; to "slow" nobody ever gets through. Usage: network_victim NAME ADDRESS CREDENTIALS_FOLDER
// SILENCE_MS
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <unistd.h>

#include "myelin/actors/mesh.hpp"
#include "myelin/network/node.hpp"
#include "samples.capnp.h"

namespace {

class Counter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Counter>& on) { on.message<&Counter::tick>(); }

 private:
  void tick(samples::Tick::Reader, myelin::Reply<samples::Tick> reply) {
    ++count_;
    reply.send([&](samples::Tick::Builder answer) { answer.setValue(count_); });
  }
  std::uint64_t count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  myelin::Mesh mesh{{.workers = 1}};
  const auto credentials = myelin::network::load_credentials(argv[3]);
  if (!credentials) {
    std::fprintf(stderr, "%s\n", myelin::to_string(credentials.error()).c_str());
    return 1;
  }
  auto node = myelin::network::Node::start(mesh, {.cluster = "cluster",
                                                  .name = argv[1],
                                                  .listen = argv[2],
                                                  .credentials = *credentials,
                                                  .silence_max = std::chrono::milliseconds{std::atoi(argv[4])}});
  if (!node) {
    std::fprintf(stderr, "%s\n", myelin::to_string(node.error()).c_str());
    return 1;
  }
  if (!node->publish("counter", mesh.spawn<Counter>())) return 1;
  std::printf("%s\n", node->address().c_str());
  std::fflush(stdout);
  char end = 0;
  while (read(STDIN_FILENO, &end, 1) > 0) {  // until who has started it is gone
  }
}
