/// What a kernel answers when memory could not be had: an error, where the standard library throws.
#pragma once

#include <string>

#include "myelin/base/result.hpp"

namespace myelin::kernels {

/// For a handler of std::bad_alloc around a public function. `what`: "the work space of a convolution".
[[nodiscard]] inline tl::unexpected<Error> no_memory(const char* what) {
  return fail(Errc::backend_failed, std::string{"no memory for "} + what);
}

}  // namespace myelin::kernels
