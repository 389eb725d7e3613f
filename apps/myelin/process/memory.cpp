#include "process/memory.hpp"

#include <unistd.h>

#include <fstream>

namespace myelin::tool {

std::uint64_t resident_bytes() {
  std::ifstream pages{"/proc/self/statm"};
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  if (!(pages >> total >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace myelin::tool
