/// Requires that a Result is no error, and says which where it is. (Boost's messages are made whether needed or not.)
#pragma once

#include <boost/test/unit_test.hpp>
#include <string>

#include "myelin/base/result.hpp"

namespace myelin::test {

template <class T>
void require_success(const Result<T>& result) {
  const std::string error = result ? std::string{} : to_string(result.error());
  BOOST_REQUIRE_MESSAGE(result.has_value(), error);
}

}  // namespace myelin::test
