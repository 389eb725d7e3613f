/// The Highway kernels as a backend.
#pragma once

#include <memory>

#include "myelin/kernels/backend.hpp"

namespace myelin::kernels {

/// Fails only when work memory cannot be had. **Thread-safety**: stateless.
[[nodiscard]] std::unique_ptr<Backend> make_simd_backend();

}  // namespace myelin::kernels
