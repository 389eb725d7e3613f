/// A group that runs, as a measurement sees it: in this process, or in others.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <vector>

#include "bench/consensus/group_setup.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"
#include "myelin/memory/memory.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-compatible.
class LoadedGroup {
 public:
  virtual ~LoadedGroup() = default;

  /// Where its clients are.
  [[nodiscard]] virtual Mesh& mesh() noexcept = 0;
  [[nodiscard]] virtual const Memory& memory() const noexcept = 0;

  /// So far, of the clients too.
  struct Used {
    Duration cpu{0};
    std::uint64_t disk_bytes = 0;
    std::uint64_t wire_bytes = 0;  ///< 0 in one process.
  };
  [[nodiscard]] virtual Used used() const = 0;

  /// What a validator has counted since it started.
  struct Counts {
    std::uint64_t transactions = 0;
    std::uint64_t signatures_checked = 0;
    std::uint64_t signature_calls = 0;
    std::uint64_t log_bytes = 0;
    std::uint64_t syncs = 0;
    std::uint64_t letters_refused = 0;
  };
  /// Of those that run, as of some tenths of a second ago. Processes end. **Errors**: io_error, timeout.
  [[nodiscard]] virtual Result<std::vector<Counts>> end() = 0;
};

/// **Errors**: those of the group and of its folder.
[[nodiscard]] Result<std::unique_ptr<LoadedGroup>> start_in_process(const GroupSetup& setup);
/// **Errors**: those of keys, certificates, children and of connecting to them; cancelled by `stop`.
[[nodiscard]] Result<std::unique_ptr<LoadedGroup>> start_processes(const GroupSetup& setup,
                                                                   const std::stop_token& stop);

}  // namespace myelin::tool
