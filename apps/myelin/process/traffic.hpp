/// How much goes to disks and over the loopback interface, as the system counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace myelin::tool {

/// Bytes that a process has caused to be written to disks; 0 where the system does not say. What is in memory only
/// (tmpfs) does not count. **Cost**: reads /proc.
[[nodiscard]] std::uint64_t disk_bytes_of(pid_t process);

/// Bytes that have gone over the loopback interface, of all processes, with TCP's and IP's headers; 0 where the system
/// does not say. **Cost**: reads /proc.
[[nodiscard]] std::uint64_t loopback_bytes();

}  // namespace myelin::tool
