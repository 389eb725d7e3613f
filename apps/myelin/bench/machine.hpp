/// Where a figure was taken: without it a figure says little.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace myelin::tool {

struct Machine {
  std::string cpu;          ///< The model name that the system reports, "unknown" if none.
  int cores = 0;            ///< That this process may use.
  std::string compiler;     ///< "GCC 12.2.0"
  std::string build_type;   ///< "Release"; sanitizers are named too.
  std::string simd_target;  ///< "AVX2", as the kernels chose it.
};

/// **Cost**: reads a file of the system.
[[nodiscard]] Machine this_machine();

/// "AMD EPYC, 2 cores; GCC 12.2.0, Release, AVX2".
[[nodiscard]] std::string to_string(const Machine& machine);

/// What makes figures of this build worthless, e.g. "not a Release build"; empty when nothing does.
[[nodiscard]] std::string warning_about(const Machine& machine);

void to_json(nlohmann::json& json, const Machine& machine);

}  // namespace myelin::tool
