#include "bench/machine.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "myelin/kernels/target.hpp"

namespace myelin::tool {

namespace {

int cores_of_this_process() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return CPU_COUNT(&cores);
}

constexpr const char* compiler() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}

}  // namespace

std::string cpu_in(std::istream& cpuinfo) {
  std::string name;
  std::string family;
  std::string model;
  for (std::string line; std::getline(cpuinfo, line) && !line.empty();) {  // The first processor, up to a blank line.
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, line.find_last_not_of("\t :", colon) + 1);
    const std::string value = line.substr(colon + 2);
    if (key == "model name") name = value;
    if (key == "cpu family") family = value;
    if (key == "model") model = value;
  }
  if (name.empty()) name = "unknown";
  if (!family.empty()) name += ", family " + family;
  return model.empty() ? name : name + ", model " + model;
}

Machine this_machine() {
  std::ifstream cpuinfo{"/proc/cpuinfo"};
  const std::string sanitizer = MYELIN_SANITIZER;
  const std::string build_type = MYELIN_BUILD_TYPE;
  return {cpu_in(cpuinfo), cores_of_this_process(), compiler(),
          sanitizer.empty() ? build_type : build_type + " with sanitizer " + sanitizer, kernels::simd_target()};
}

std::string to_string(const Machine& machine) {
  return fmt::format("{}, {} {}; {}, {}, {}", machine.cpu, machine.cores, machine.cores == 1 ? "core" : "cores",
                     machine.compiler, machine.build_type, machine.simd_target);
}

std::string warning_about(const Machine& machine) {
  if (machine.build_type == "Release") return {};
  return fmt::format("this is a {} build, not a Release build: the figures say nothing",
                     machine.build_type.empty() ? "plain" : machine.build_type);
}

void to_json(nlohmann::json& json, const Machine& machine) {
  json = {{"cpu", machine.cpu},
          {"cores", machine.cores},
          {"compiler", machine.compiler},
          {"build_type", machine.build_type},
          {"simd_target", machine.simd_target}};
}

}  // namespace myelin::tool
