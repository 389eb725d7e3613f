// One name for two types.
#include "myelin/plugin/register.hpp"

namespace {
class One : public myelin::Agent {};
class Two : public myelin::Agent {};
}  // namespace

MYELIN_REGISTER_AGENT("double", One)
MYELIN_REGISTER_AGENT("double", Two)
