/// What this build is and what this machine lets it use.
#pragma once

#include <string>

namespace myelin::tool {

/// "myelin 0.1.0", the SIMD target and the compute backends, one a line. **Cost**: loads the OpenCL drivers (tens of
/// ms).
[[nodiscard]] std::string version_text();

/// "0.1.0".
[[nodiscard]] std::string version_number();

}  // namespace myelin::tool
