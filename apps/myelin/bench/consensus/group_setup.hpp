/// Which group is measured, and where it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace myelin::tool {

/// What validators keep.
enum class Kept : std::uint8_t {
  nothing,   ///< All is in memory.
  unsynced,  ///< Logs and states are written, and not waited for: lost with the machine's power.
  synced,    ///< On disk before anybody is answered.
};
[[nodiscard]] std::string_view to_string(Kept kept) noexcept;

/// Where validators run.
enum class Hosting : std::uint8_t {
  one_process,  ///< In this one.
  processes,    ///< Each in one of its own, on this machine, under TLS with certificates made for the run.
  insecure_processes,
};
[[nodiscard]] std::string_view to_string(Hosting hosting) noexcept;

struct GroupSetup {
  std::size_t validators = 4;
  Hosting hosting = Hosting::one_process;
  Kept kept = Kept::synced;  ///< In processes always.
  std::size_t crashed = 0;   ///< Validators, the last ones, that have crashed before the load.
  /// In the place of the last validator is one that does nothing but send the others well-made vertices with forged
  /// signatures, as fast as they are taken. Processes only: each has a door of its own there.
  bool has_forger = false;
  std::size_t gathered_max = 1024;  ///< Transactions that a session puts into one batch; in processes 1024.
  std::filesystem::path folder{};   ///< Holds what is kept, while it is needed.
};

}  // namespace myelin::tool
