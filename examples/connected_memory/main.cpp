// Uses a shared memory whose validators run in processes of their own, as `myelin validator run` starts them.
// Usage: connected_memory COMMITTEE.toml CERTIFICATES
#include <chrono>
#include <cstdio>

#include <myelin/actors/mesh.hpp>
#include <myelin/memory/memory.hpp>
#include <myelin/network/node.hpp>
#include <myelin/validator/validator.hpp>

using namespace std::chrono_literals;

namespace {

int complain(const myelin::Error& error) {
  std::fprintf(stderr, "%s\n", myelin::to_string(error).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return complain({myelin::Errc::invalid_argument, "give it a committee's file and a certificate"});
  const auto committee = myelin::validator::load_committee_file(argv[1]);
  if (!committee) return complain(committee.error());
  const auto credentials = myelin::network::load_credentials(argv[2]);
  if (!credentials) return complain(credentials.error());
  const auto name = myelin::network::node_of(*credentials);
  if (!name) return complain(name.error());

  myelin::Mesh mesh;
  auto node = myelin::network::Node::start(mesh, {.name = *name, .listen = {}, .credentials = *credentials});
  if (!node) return complain(node.error());
  const auto directory = myelin::validator::find_validators(*node, *committee);
  if (!directory) return complain(directory.error());
  const auto memory = myelin::Memory::start_session(mesh, *directory);

  const auto added = mesh.ask(memory.add("visits", 1), 30s);
  if (!added) return complain(added.error());
  const auto visits = mesh.ask(memory.get("visits"), 30s);
  if (!visits) return complain(visits.error());
  if (!*visits) return complain({myelin::Errc::not_found, "somebody has erased 'visits'"});
  std::printf("visit %lld\n", static_cast<long long>((*visits)->number()));
}
