#include "cli/version.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "myelin/kernels/backend.hpp"
#include "myelin/kernels/target.hpp"

namespace myelin::tool {

std::string version_number() { return MYELIN_VERSION; }

std::string version_text() {
  std::string backends = "scalar, simd";
  for (const kernels::OpenclDevice& device : kernels::opencl_devices()) {
    backends += fmt::format(", opencl ({}{})", device.name, device.is_cpu ? ", on the CPU" : "");
  }
  return fmt::format("myelin {}\nSIMD target: {} (compiled for {})\nbackends: {}", version_number(),
                     kernels::simd_target(), fmt::join(kernels::compiled_simd_targets(), ", "), backends);
}

}  // namespace myelin::tool
