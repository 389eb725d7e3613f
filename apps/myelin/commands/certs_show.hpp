/// `myelin certs show`: whom certificates are for, until when, and who has made them.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace myelin::tool {

class CertsShow final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "certs show"; }
  [[nodiscard]] std::string summary() const override { return "Says whom certificates are for, and until when"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string folder_;
};

}  // namespace myelin::tool
