#include "process/traffic.hpp"

#include <fstream>
#include <sstream>
#include <string>

namespace myelin::tool {

std::uint64_t disk_bytes_of(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/io"};
  std::uint64_t bytes = 0;
  for (std::string name; file >> name >> bytes;) {
    if (name == "write_bytes:") return bytes;
  }
  return 0;
}

std::uint64_t loopback_bytes() {
  std::ifstream file{"/proc/net/dev"};
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{line};
    std::string name;
    std::uint64_t bytes = 0;
    if (words >> name >> bytes && name == "lo:") return bytes;
  }
  return 0;
}

}  // namespace myelin::tool
