// A class with two handlers for one message.
#include "greeting.capnp.h"
#include "myelin/plugin/register.hpp"

namespace {
class Torn : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Torn>& on) {
    on.message([](plugin_test::Hello::Reader) {});
    on.message([](plugin_test::Hello::Reader) { static_cast<void>(0); });
  }
};
}  // namespace

MYELIN_REGISTER_AGENT("torn", Torn)
