/// A validator in a process of its own, from epoch to epoch.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agents/envoy.hpp"
#include "agents/lone_folder.hpp"
#include "agents/regular_look.hpp"
#include "agents/running_validator.hpp"
#include "agents/succession.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/validator.hpp"

namespace myelin::validator {

/// A thread looks ten times a second whether anything is to be done: an epoch to be ended, or begun. Meanwhile the
/// validator runs, or waits for what it needs. **Thread-safety**: thread-safe, but for construction and destruction.
class LoneValidator {
 public:
  LoneValidator(Mesh& mesh, network::Node& node, const ValidatorSettings& settings);
  ~LoneValidator();
  LoneValidator(const LoneValidator&) = delete;
  LoneValidator& operator=(const LoneValidator&) = delete;

  /// **Errors**: those of Validator::start().
  [[nodiscard]] Result<void> start();

  [[nodiscard]] std::size_t index() const;
  [[nodiscard]] CommitteeFile committee() const;
  [[nodiscard]] ValidatorStatus status() const;

 private:
  /// A reconfiguration that is to be ordered.
  struct Proposal {
    consensus::Digest digest;  // of what it makes the next committee
    std::vector<std::byte> batch;
    TimePoint next_try{};
  };

  // Called by one thread at a time: by start(), then by the one that looks.
  [[nodiscard]] Result<void> find_place();
  [[nodiscard]] Result<void> know(CommitteeFile committee);
  [[nodiscard]] Result<void> run(const consensus::Committee& committee);
  [[nodiscard]] Result<void> publish();
  void stop_couriers();
  void look();
  void look_while_running(const ValidatorStatus& status, const std::vector<EpochWords::Heard>& heard);
  void look_while_waiting(const std::vector<EpochWords::Heard>& heard);
  void tell_own_word(const ValidatorStatus& status);
  [[nodiscard]] std::optional<ApprovedNext> approved() const;
  void propose(const std::vector<EpochWord>& words);
  [[nodiscard]] bool have_all_ended(const std::vector<EpochWords::Heard>& heard);
  void stop_running();
  [[nodiscard]] Result<void> begin(CommitteeFile committee, const EpochRecord& record);
  [[nodiscard]] Result<void> fetch_start(const LaterEpoch& later, const EpochRecord& record);
  void wait_for(std::string what);
  void halt(std::string why);
  [[nodiscard]] bool is_running() const;

  Mesh& mesh_;
  network::Node& node_;
  ValidatorSettings settings_;
  LoneFolder folder_;
  std::shared_ptr<Surroundings> surroundings_;
  std::shared_ptr<const consensus::KeyPair> key_;
  std::optional<EpochRecord> stored_;  // the latest epoch that the state knows of, while it is not running
  std::optional<consensus::Committee> running_committee_;
  std::shared_ptr<EpochWords> words_;
  AgentRef envoy_;
  std::vector<AgentRef> couriers_;
  std::optional<Proposal> proposal_;
  std::optional<TimePoint> stragglers_until_;
  unsigned fetches_ = 0;  // of the state that an epoch starts from, in vain
  std::stop_source stopping_;
  mutable std::mutex mutex_;  // of what follows
  CommitteeFile committee_;   // whose word is believed
  std::size_t index_ = 0;
  ValidatorStatus last_status_;
  std::optional<RunningValidator> running_;
  std::optional<RegularLook> look_;  // last: its thread uses all of the above
};

}  // namespace myelin::validator
