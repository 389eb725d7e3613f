#include "myelin/testkit/expectation.hpp"

#include "turn_failure.hpp"

namespace myelin::testkit {

void require(bool holds, std::string_view what) {
  if (holds) return;
  if (turn_failure.in_turn && !turn_failure.what) turn_failure.what = what;
  throw ExpectationFailed{std::string{what}};
}

}  // namespace myelin::testkit
