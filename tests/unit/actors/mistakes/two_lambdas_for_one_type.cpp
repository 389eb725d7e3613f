// expect: two lambdas take the same type of message
#include "myelin/actors/mesh.hpp"
#include "samples.capnp.h"

int main() {
  myelin::Mesh mesh;
  mesh.spawn_handlers([](samples::Note::Reader) {}, [](samples::Note::Reader, myelin::Reply<samples::Note>) {});
}
