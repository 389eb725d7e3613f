/// What all commands share that ask a running node as an operator.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "cli/command.hpp"
#include "operation/operator_connection.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-compatible.
class OperatorCommand : public Command {
 public:
  void declare(CLI::App& app) final;
  [[nodiscard]] Result<void> run(Session& session) final;

 protected:
  struct Connected {
    Session& session;
    OperatorConnection& connection;
    Duration limit;
    /// Whom a question is about that names no node.
    std::string node;

    /// Asks, within the limit and until Ctrl-C. `about`: who is to answer, for errors; empty: node_or().
    template <class Answer, class Fill>
    [[nodiscard]] Result<Held<Answer>> ask(Fill&& fill, const std::string& about = {}) const {
      auto answer =
          connection.mesh().ask<Answer>(connection.operations(), std::forward<Fill>(fill), limit, session.stop);
      if (!answer && answer.error().code == Errc::not_found && is_no_operator(answer.error())) {
        return fail(Errc::not_found,
                    "that node takes no operators' questions: 'myelin node' does, and a program of your own with "
                    "operation::Operations::start()");
      }
      if (!answer && answer.error().code == Errc::timeout) return tl::unexpected{too_late(about)};
      return answer;
    }
    /// The node that was named, or the one that is meant where none was.
    [[nodiscard]] const std::string& node_or(const std::string& named) const { return named.empty() ? node : named; }

   private:
    [[nodiscard]] Error too_late(const std::string& about) const;
  };

  /// The command's own arguments, and its examples.
  virtual void declare_own(CLI::App& app) = 0;
  /// Looks at the arguments, before anything is connected.
  [[nodiscard]] virtual Result<void> prepare(Session& /*session*/) { return {}; }
  [[nodiscard]] virtual Result<void> run_on(const Connected& connected) = 0;
  /// Connects once more, perhaps to another node. **Errors**: as OperatorConnection::connect().
  [[nodiscard]] Result<std::unique_ptr<OperatorConnection>> connect(const Session& session) const;
  [[nodiscard]] const OperatorFlags& flags() const noexcept { return flags_; }

 private:
  [[nodiscard]] static bool is_no_operator(const Error& error);

  OperatorFlags flags_;
};

}  // namespace myelin::tool
