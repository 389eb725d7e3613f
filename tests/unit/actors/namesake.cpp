#include "namesake.hpp"

#include "samples.capnp.h"

namespace {

class Namesake : public myelin::Agent {
 public:
  explicit Namesake(std::vector<std::string>& log) : log_{log} {}
  static void handlers(myelin::Handlers<Namesake>& on) {
    on.message<&Namesake::tick>();
    on.any<&Namesake::other>();
  }

 private:
  void tick(samples::Tick::Reader) { log_.emplace_back("other"); }
  void other(myelin::Frame, myelin::ReplyAddress) { log_.emplace_back("other any"); }
  std::vector<std::string>& log_;
};

}  // namespace

namespace test {

myelin::AgentRef spawn_namesake(myelin::Mesh& mesh, std::vector<std::string>& log) { return mesh.spawn<Namesake>(log); }

}  // namespace test
