/// The reference loops as a backend.
#pragma once

#include <memory>

#include "myelin/kernels/backend.hpp"

namespace myelin::kernels {

/// Never fails. **Thread-safety**: stateless.
[[nodiscard]] std::unique_ptr<Backend> make_scalar_backend();

}  // namespace myelin::kernels
