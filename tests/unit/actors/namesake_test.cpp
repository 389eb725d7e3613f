#include "namesake.hpp"

#include <boost/test/unit_test.hpp>

#include "myelin/actors/deterministic_mesh.hpp"
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
  void tick(samples::Tick::Reader) { log_.emplace_back("one"); }
  void other(myelin::Frame, myelin::ReplyAddress) { log_.emplace_back("one any"); }
  std::vector<std::string>& log_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(namesake)

BOOST_AUTO_TEST_CASE(classes_of_one_name_in_the_unnamed_namespaces_of_two_sources_have_their_own_handlers) {
  myelin::DeterministicMesh test;
  std::vector<std::string> log;
  for (const auto& agent : {test.mesh().spawn<Namesake>(log), test::spawn_namesake(test.mesh(), log)}) {
    test.mesh().tell<samples::Tick>(agent, [](auto) {});
    test.mesh().tell<samples::Note>(agent, [](auto) {});
  }
  test.run();
  BOOST_TEST(log == (std::vector<std::string>{"one", "one any", "other", "other any"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
