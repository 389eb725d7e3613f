/// How the kit reports that a test failed: an exception, which every test framework shows.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace myelin::testkit {

/// Something did not happen that a test expected. what() says what came instead, and the last steps before.
class ExpectationFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// For checks of one's own: in tests, and in agents and rules that are part of a test. A handler that throws fails its
/// agent only; what require() throws there, the mesh throws again at the end of the turn.
/// **Errors**: throws ExpectationFailed with `what` unless `holds`.
void require(bool holds, std::string_view what);

}  // namespace myelin::testkit
