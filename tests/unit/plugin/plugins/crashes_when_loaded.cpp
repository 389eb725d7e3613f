// An object whose constructor ends the process while the library is loaded.
#include <cstdlib>

#include "myelin/plugin/register.hpp"

namespace {
class Idle : public myelin::Agent {};

struct Bomb {
  Bomb() { std::abort(); }
};
const Bomb bomb;
}  // namespace

MYELIN_REGISTER_AGENT("never", Idle)
