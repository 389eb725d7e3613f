// One type of its own, and one whose name another plugin has.
#include "myelin/plugin/register.hpp"

namespace {
class Idle : public myelin::Agent {};
}  // namespace

MYELIN_REGISTER_AGENT("idle", Idle)
MYELIN_REGISTER_AGENT("greeter", Idle)
