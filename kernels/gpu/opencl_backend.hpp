/// Matrix products on an OpenCL device, by CLBlast.
#pragma once

#include <memory>

#include "myelin/kernels/backend.hpp"

namespace myelin::kernels {

/// Opens the best OpenCL device (GPUs before CPU drivers). Products run there; bias, ReLU and softmax run on the CPU,
/// on the result that has to come back anyway. Operands travel at each call.
/// **Errors**: backend_unavailable, with a remedy. **Thread-safety**: thread-safe; calls take turns on one queue.
[[nodiscard]] Result<std::unique_ptr<Backend>> make_opencl_backend();

}  // namespace myelin::kernels
