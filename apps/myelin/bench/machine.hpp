/// Where a figure was taken: without it a figure says little.
#pragma once

#include <iosfwd>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace myelin::tool {

struct Machine {
  std::string cpu;          ///< See cpu_in().
  int cores = 0;            ///< That this process may use.
  std::string compiler;     ///< "GCC 12.2.0"
  std::string build_type;   ///< "Release"; sanitizers are named too.
  std::string simd_target;  ///< "AVX2", as the kernels chose it.
};

/// The CPU of a text as /proc/cpuinfo has it: "AMD EPYC, family 26, model 2"; names alone often hide the generation.
/// "unknown" where it says nothing.
[[nodiscard]] std::string cpu_in(std::istream& cpuinfo);

/// **Cost**: reads a file of the system.
[[nodiscard]] Machine this_machine();

/// "AMD EPYC, family 26, model 2, 2 cores; GCC 12.2.0, Release, AVX2".
[[nodiscard]] std::string to_string(const Machine& machine);

/// What makes figures of this build worthless, e.g. "not a Release build"; empty when nothing does.
[[nodiscard]] std::string warning_about(const Machine& machine);

void to_json(nlohmann::json& json, const Machine& machine);

}  // namespace myelin::tool
