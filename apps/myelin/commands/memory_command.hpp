/// What all `myelin memory` commands share: where the memory is, and how it is reached.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "memory/node_flags.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/memory/memory.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-compatible.
class MemoryCommand : public Command {
 public:
  void declare(CLI::App& app) final;
  [[nodiscard]] Result<void> run(Session& session) final;

 protected:
  /// An open memory, and the space that was asked for.
  struct Opened {
    Session& session;
    Mesh& mesh;
    Memory space;
    Duration limit;

    /// Asks, within the limit and until Ctrl-C.
    template <Call C>
    [[nodiscard]] Result<typename C::Value> ask(const C& call) const {
      return mesh.ask(call, limit, session.stop);
    }
  };

  /// The command's own arguments, and its examples.
  virtual void declare_own(CLI::App& app) = 0;
  /// Whether it makes a memory where there is none.
  [[nodiscard]] virtual bool makes_memory() const { return false; }
  /// Whether it is of use only where others use the memory, too: not in a directory that this process has alone.
  [[nodiscard]] virtual bool needs_others() const { return false; }
  /// Looks at the arguments, before anything is opened.
  [[nodiscard]] virtual Result<void> prepare(Session& /*session*/) { return {}; }
  [[nodiscard]] virtual Result<void> run_on(const Opened& opened) = 0;

  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  /// **Errors**: invalid_argument for a key of no bytes, or too long with its space.
  [[nodiscard]] Result<void> check_key(std::string_view key) const;
  [[nodiscard]] static Result<void> check_value(std::string_view name, std::string_view value);
  /// `--ttl`, for commands that put something; none where it is not given.
  void declare_time_to_live(CLI::App& app);
  [[nodiscard]] PutOptions put_options() const;

 private:
  [[nodiscard]] Result<void> run_embedded(Session& session, Duration limit);
  [[nodiscard]] Result<void> run_connected(Session& session, Duration limit);
  [[nodiscard]] Memory space_of(const Memory& memory) const;

  std::string directory_ = "myelin-memory";
  std::string committee_;
  NodeFlags flags_;
  std::string space_;
  double seconds_ = 10;
  std::optional<double> seconds_to_live_;
};

}  // namespace myelin::tool
