// Any bytes as a snapshot of the state: refused, or the only bytes that its state has.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "execution/state.hpp"
#include "myelin/consensus/state_machine.hpp"

using namespace myelin::consensus;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  constexpr std::uint64_t kSeed = 1;
  auto state = State::decode(bytes, kSeed);
  StateMachine machine{{.executor = Executor::sequential}};
  if (!state) {
    require(state.error().code == myelin::Errc::corrupt_file);
    require(!machine.restore(bytes, {1, {}}));
    return 0;
  }
  const IndexedDigest expected{1, state->root(nullptr)};
  require(machine.restore(bytes, expected).has_value());
  require(machine.state() == expected);
  require(std::ranges::equal(machine.snapshot(), bytes));
  // It is told as a whole to whoever stores it.
  const StateDelta delta = machine.take_changes();
  require(delta.replaces_all && delta.cells.size() == machine.key_count());
  return 0;
}
