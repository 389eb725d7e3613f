#include "commands/operator_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>

#include "myelin/operation/operations.hpp"

namespace myelin::tool {

void OperatorCommand::declare(CLI::App& app) {
  declare_own(app);
  flags_.declare(app);
}

bool OperatorCommand::is_no_operator(const Error& error) {
  return error.message.find(operation::kOperationsName) != std::string::npos;
}

Error OperatorCommand::Connected::too_late(const std::string& about) const {
  const std::string who = about.empty() ? fmt::format("node '{}'", node) : about;
  return {Errc::timeout,
          fmt::format("{} did not answer within {} s; --timeout gives it longer", who, seconds_of(limit))};
}

Result<std::unique_ptr<OperatorConnection>> OperatorCommand::connect(const Session& session) const {
  const auto target = flags_.target();
  if (!target) return tl::unexpected{target.error()};
  return OperatorConnection::connect(target->options, flags_.limit(), session.stop);
}

Result<void> OperatorCommand::run(Session& session) {
  if (const auto prepared = prepare(session); !prepared) return prepared;
  const auto target = flags_.target();
  if (!target) return tl::unexpected{target.error()};
  const auto connection = OperatorConnection::connect(target->options, flags_.limit(), session.stop);
  if (!connection) return tl::unexpected{connection.error()};
  return run_on({session, **connection, flags_.limit(), target->node.empty() ? (*connection)->node() : target->node});
}

}  // namespace myelin::tool
