/// Validators on nodes of their own, as processes would have them, and a client on another.
#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "../../support/comes_true.hpp"
#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/next_committee.hpp"
#include "myelin/validator/validator.hpp"

namespace myelin::test {

/// What a process would be.
struct LoneProcess {
  explicit LoneProcess(const std::string& name) : mesh{{.workers = 1, .job_threads = 2}} {
    auto started = network::Node::start(mesh, {.name = name, .insecure = true});
    require_success(started);
    node.emplace(std::move(*started));
  }
  Mesh mesh;
  std::optional<network::Node> node;
  std::optional<validator::Validator> validator;  // last: before its node and mesh
};

/// Each validator has a folder of its name, in which its key is. Ports are chosen freely: whoever starts dials those
/// that run.
class LoneGroup {
 public:
  /// v0 to vN-1, running unless they are to be prepared only.
  explicit LoneGroup(std::size_t validators, bool runs = true) : client_{"client"} {
    for (std::size_t i = 0; i < validators; ++i) committee.members.push_back(make_member("v" + std::to_string(i)));
    if (!runs) return;
    for (const validator::Member& member : validator::CommitteeFile{committee}.members) start(member.name);
    connect();
  }

  /// A new key in a new folder: `where`, or that of its name.
  validator::Member make_member(const std::string& name, const std::string& where = {}) {
    if (!where.empty()) folders_[name] = where;
    std::filesystem::create_directories(folder_of(name));
    auto key = validator::create_key_file(folder_of(name) / "key");
    require_success(key);
    return {(*key)->public_key(), name, {}};
  }
  /// By the group's file, whatever its epoch; addresses of those that run are in it.
  [[nodiscard]] Result<void> try_start(const std::string& name, bool joins = false) {
    auto process = std::make_unique<LoneProcess>(name);
    auto started = validator::Validator::start(
        process->mesh, *process->node,
        {.folder = folder_of(name), .committee = committee, .joins = joins, .syncs = false});
    if (!started) return tl::unexpected{started.error()};
    process->validator.emplace(std::move(*started));
    for (validator::Member& member : committee.members) {
      if (member.name == name) member.address = process->node->address();
    }
    require_success(client_.node->add_peer({name, process->node->address()}));
    processes_.insert_or_assign(name, std::move(process));
    return {};
  }
  void start(const std::string& name, bool joins = false) { require_success(try_start(name, joins)); }
  void stop(const std::string& name) {
    processes_.erase(name);
    for (validator::Member& member : committee.members) {
      if (member.name == name) member.address.clear();
    }
  }
  /// A session with the committee's validators.
  void connect() {
    auto found = validator::find_validators(*client_.node, committee);
    require_success(found);
    memory_ = Memory::start_session(client_.mesh, *found, {.patience = std::chrono::milliseconds{200}});
  }
  void approve(std::initializer_list<const char*> names, const validator::CommitteeFile& next) {
    for (const char* name : names) require_success(validator::approve_next(folder_of(name), next));
  }

  void put(const std::string& key, const std::string& value = "1") {
    require_success(client_.mesh.ask(memory_.put(key, value), kPatience));
  }
  [[nodiscard]] std::string get(const std::string& key) {
    const auto found = client_.mesh.ask(memory_.get(key), kPatience);
    require_success(found);
    return found->has_value() ? std::string{(*found)->text()} : "nothing";
  }
  [[nodiscard]] validator::ValidatorStatus status(const std::string& name) const {
    return processes_.at(name)->validator->status();
  }
  [[nodiscard]] validator::CommitteeFile committee_at(const std::string& name) const {
    return processes_.at(name)->validator->committee();
  }
  /// It takes part in this epoch, and has come as far as another.
  [[nodiscard]] bool comes_to(const std::string& name, consensus::Epoch epoch, const std::string& other) {
    const bool has_come = comes_true([&] {
      const validator::ValidatorStatus now = status(name);
      BOOST_REQUIRE_MESSAGE(now.halted.empty(), now.halted);
      return now.waiting.empty() && now.epoch == epoch && now.executed >= status(other).executed;
    });
    if (!has_come) {
      for (const auto& [each, process] : processes_) {
        const validator::ValidatorStatus now = process->validator->status();
        BOOST_TEST_MESSAGE(each << " is in epoch " << now.epoch << ", executed " << now.executed << ", waits for '"
                                << now.waiting << "', halted for '" << now.halted << "', ended " << now.has_ended);
      }
    }
    return has_come;
  }
  [[nodiscard]] std::filesystem::path folder_of(const std::string& name) const {
    const auto found = folders_.find(name);
    return folder.path() / (found == folders_.end() ? name : found->second);
  }
  [[nodiscard]] LoneProcess& client() noexcept { return client_; }
  [[nodiscard]] const Memory& memory() const noexcept { return memory_; }
  [[nodiscard]] LoneProcess& process(const std::string& name) { return *processes_.at(name); }

  TemporaryDirectory folder;
  validator::CommitteeFile committee;

 private:
  static constexpr Duration kPatience = std::chrono::seconds{60};

  std::map<std::string, std::string> folders_;
  std::map<std::string, std::unique_ptr<LoneProcess>> processes_;
  LoneProcess client_;
  Memory memory_;
};

}  // namespace myelin::test
