#include "commands/operator_command.hpp"

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

Result<void> OperatorCommand::run(Session& session) {
  if (const auto prepared = prepare(session); !prepared) return prepared;
  const auto options = flags_.options();
  if (!options) return tl::unexpected{options.error()};
  const auto connection = OperatorConnection::connect(*options, flags_.limit(), session.stop);
  if (!connection) return tl::unexpected{connection.error()};
  return run_on({session, **connection, flags_.limit()});
}

}  // namespace myelin::tool
