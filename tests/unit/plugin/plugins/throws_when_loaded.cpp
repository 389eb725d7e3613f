// An object whose constructor throws while the library is loaded.
#include <stdexcept>

#include "myelin/plugin/register.hpp"

namespace {
class Idle : public myelin::Agent {};

struct Bomb {
  Bomb() { throw std::runtime_error{"no luck while loading"}; }
};
const Bomb bomb;
}  // namespace

MYELIN_REGISTER_AGENT("never", Idle)
