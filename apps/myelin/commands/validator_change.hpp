/// `myelin validator replace`, `add`, `remove` and `approve`: who validates in the next epoch.
#pragma once

#include <optional>
#include <string>

#include "cli/command.hpp"
#include "myelin/validator/committee_file.hpp"

namespace myelin::tool {

/// What writes the next epoch's committee, for operators to approve of.
class ValidatorChange : public Command {
 public:
  void declare(CLI::App& app) final;
  [[nodiscard]] Result<void> run(Session& session) final;

 protected:
  /// The command's own arguments.
  virtual void declare_own(CLI::App& app) = 0;
  /// What comes before the examples, and those.
  [[nodiscard]] virtual std::string explanation() const = 0;
  [[nodiscard]] virtual Result<validator::CommitteeFile> change(const validator::CommitteeFile& committee) const = 0;

 private:
  std::string committee_;
  std::string next_;
};

/// Options for a validator that is to come.
struct NewMember {
  std::string public_key;
  std::string name;
  std::string address;

  /// **Errors**: invalid_argument, for a public key that is none.
  [[nodiscard]] Result<validator::Member> read() const;
};

class ValidatorReplace final : public ValidatorChange {
 public:
  [[nodiscard]] std::string path() const override { return "validator replace"; }
  [[nodiscard]] std::string summary() const override {
    return "Writes a committee with another in a validator's place";
  }

 protected:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] std::string explanation() const override;
  [[nodiscard]] Result<validator::CommitteeFile> change(const validator::CommitteeFile& committee) const override;

 private:
  std::string replaced_;
  NewMember by_;
};

class ValidatorAdd final : public ValidatorChange {
 public:
  [[nodiscard]] std::string path() const override { return "validator add"; }
  [[nodiscard]] std::string summary() const override { return "Writes a committee with one validator more"; }

 protected:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] std::string explanation() const override;
  [[nodiscard]] Result<validator::CommitteeFile> change(const validator::CommitteeFile& committee) const override;

 private:
  NewMember added_;
};

class ValidatorRemove final : public ValidatorChange {
 public:
  [[nodiscard]] std::string path() const override { return "validator remove"; }
  [[nodiscard]] std::string summary() const override { return "Writes a committee with one validator less"; }

 protected:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] std::string explanation() const override;
  [[nodiscard]] Result<validator::CommitteeFile> change(const validator::CommitteeFile& committee) const override;

 private:
  std::string removed_;
};

/// A validator's operator approves of the next committee.
class ValidatorApprove final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "validator approve"; }
  [[nodiscard]] std::string summary() const override { return "Has a validator approve of the next committee"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  [[nodiscard]] Result<void> wait(Session& session, consensus::Epoch epoch) const;

  std::string folder_;
  std::string next_;
  std::optional<double> seconds_;
};

}  // namespace myelin::tool
