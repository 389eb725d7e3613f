/// A group of validators: what keeps the shared memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/consensus/core_options.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/validator/directory.hpp"
#include "myelin/validator/status.hpp"

namespace myelin::validator {

struct GroupOptions {
  /// 1 to 64. Of n validators (n - 1) / 3 may fail in any way: four bear one. One alone bears none, and is for
  /// development.
  std::size_t validators = 4;
  consensus::CoreOptions core{};
  consensus::Executor executor = consensus::Executor::automatic;
  /// Nanoseconds since 1970; by default the system's clock.
  std::function<consensus::WallTime()> wall_clock{};
};

/// Validators that all run in one process, each with its own agents, key and state. They trust each other no more than
/// if they did not.
///
/// **Thread-safety**: thread-safe, but for construction and destruction. To be destroyed before its mesh.
class ValidatorGroup {
 public:
  /// Starts them on `mesh`, which should have a job thread a validator (MeshConfig::job_threads): each waits for its
  /// disk on one. **Errors**: invalid_argument, naming the option.
  [[nodiscard]] static Result<ValidatorGroup> start(Mesh& mesh, const GroupOptions& options);
  ~ValidatorGroup();
  ValidatorGroup(ValidatorGroup&&) noexcept;
  ValidatorGroup& operator=(ValidatorGroup&&) noexcept;

  [[nodiscard]] std::size_t size() const noexcept;
  /// Where clients reach them.
  [[nodiscard]] const std::shared_ptr<Directory>& directory() const noexcept;
  /// As of some tenths of a second ago. **Requires**: validator < size().
  [[nodiscard]] ValidatorStatus status(std::size_t validator) const;

 private:
  class Impl;
  explicit ValidatorGroup(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin::validator
