/// Validators in processes of their own, which can be killed, backed up, restored, added and removed; and a client's
/// node in this one.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "../../support/comes_true.hpp"
#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "../program.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/validator.hpp"

namespace myelin::test {

/// MYELIN_KILLS: how often processes are killed; more for a soak.
inline int kills(int by_default) {
  const char* const wanted = std::getenv("MYELIN_KILLS");
  return wanted == nullptr ? by_default : std::atoi(wanted);
}

/// A group of them: four to begin with. They are numbered from 0 in the order in which they come; each has a folder.
/// **Thread-safety**: thread-compatible; sessions are thread-safe.
class Processes {
 public:
  enum class Security : std::uint8_t { none, tls };
  enum class Start : std::uint8_t { all, none };

  static constexpr std::size_t kValidators = 4;
  static constexpr Duration kLimit = std::chrono::seconds{60};

  explicit Processes(Security security = Security::none, Start which = Start::all)
      : security_{security}, mesh_{{.workers = 2}} {
    if (security == Security::tls) {
      const Outcome made =
          run({"certs", "new", certificates().string(), "v0", "v1", "v2", "v3", "v4", "client", "tool"});
      BOOST_REQUIRE_MESSAGE(made.status == 0, made.err);
    }
    for (std::size_t i = 0; i < kValidators; ++i) {
      const std::size_t slot = add_folder("v" + std::to_string(i));
      auto key = validator::create_key_file(folder_of(slot) / "key");
      require_success(key);
      committee_.members.push_back({(*key)->public_key(), slots_[slot].name, {}});
    }
    network::NodeOptions options{.name = "client", .insecure = security == Security::none};
    if (security == Security::tls) {
      auto credentials = network::load_credentials(certificates() / "client");
      require_success(credentials);
      options.credentials = std::move(*credentials);
    }
    auto node = network::Node::start(mesh_, options);
    require_success(node);
    node_.emplace(std::move(*node));
    connect();
    for (std::size_t i = 0; which == Start::all && i < kValidators; ++i) start(i);
  }
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;
  ~Processes() {
    for (std::size_t i = 0; i < slots_.size(); ++i) kill(i);
  }

  /// A folder for a validator of that name, that may take the place of another. Returns its number.
  std::size_t add_folder(const std::string& name) {
    slots_.push_back({name, 0});
    std::filesystem::create_directories(folder_of(slots_.size() - 1));
    return slots_.size() - 1;
  }
  /// On a port that it chooses; it dials those that run already.
  void start(std::size_t i, const std::vector<std::string>& options = {}) {
    const auto committee = folder_.path() / ("committee" + std::to_string(i) + ".toml");
    const auto out = out_of(i);
    validator::Member& member = member_of(i);
    member.address.clear();
    require_success(validator::save_committee_file(committee, committee_));
    std::vector<std::string> words{"myelin",      "validator",        "run",   folder_of(i).string(),
                                   "--committee", committee.string(), "--json"};
    words.insert(words.end(), options.begin(), options.end());
    for (std::string& word : proof(member.name)) words.push_back(std::move(word));
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int failed = ::posix_spawn(&slots_[i].child, MYELIN_BINARY, &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    BOOST_REQUIRE_EQUAL(failed, 0);
    std::smatch address;
    std::string said;
    const bool is_ready = comes_true([&] {
      said = content_of(out);
      return std::regex_search(said, address, std::regex{"\"address\": \"([^\"]+)\""});
    });
    BOOST_REQUIRE(is_ready);
    member.address = address[1].str();
    require_success(node_->add_peer({member.name, member.address}));
  }
  void kill(std::size_t i) {
    if (slots_[i].child <= 0) return;
    ::kill(slots_[i].child, SIGKILL);
    int status = 0;
    ::waitpid(slots_[i].child, &status, 0);
    // It must not have ended of its own accord.
    BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    slots_[i].child = 0;
  }
  /// Waits until it has ended of its own accord, and returns its status.
  [[nodiscard]] int wait(std::size_t i) {
    int status = 0;
    ::waitpid(std::exchange(slots_[i].child, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  /// `myelin memory WORDS`, as another node.
  [[nodiscard]] Outcome tool(std::vector<std::string> words) {
    words.insert(words.begin(), "memory");
    words.insert(words.end(), {"--committee", committee_file()});
    for (std::string& word : proof("tool")) words.push_back(std::move(word));
    return run(words);
  }
  /// Where the committee is written, as far as it is known.
  [[nodiscard]] std::string committee_file() const {
    const auto file = folder_.path() / "committee.toml";
    require_success(validator::save_committee_file(file, committee_));
    return file.string();
  }
  /// From now on the group is known to be this one; the session reaches its validators.
  void set_committee(validator::CommitteeFile committee) {
    committee_ = std::move(committee);
    connect();
  }
  template <Call C>
  [[nodiscard]] auto ask(const C& call, Duration limit = kLimit) {
    return mesh_.ask(call, limit);
  }
  [[nodiscard]] Memory start_session(const MemorySessionOptions& options) {
    return Memory::start_session(mesh_, directory_, options);
  }
  [[nodiscard]] const Memory& memory() const noexcept { return memory_; }
  [[nodiscard]] const validator::CommitteeFile& committee() const noexcept { return committee_; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }
  [[nodiscard]] std::filesystem::path folder_of(std::size_t i) const {
    return folder_.path() / ("slot" + std::to_string(i));
  }
  /// Each node's in a folder of its name.
  [[nodiscard]] std::filesystem::path certificates() const { return folder_.path() / "certs"; }

 private:
  struct Slot {
    std::string name;
    pid_t child = 0;
  };

  [[nodiscard]] std::filesystem::path out_of(std::size_t i) const {
    return folder_.path() / ("out" + std::to_string(i));
  }
  /// What a node proves itself with.
  [[nodiscard]] std::vector<std::string> proof(const std::string& node) const {
    if (security_ == Security::none) return {"--insecure"};
    return {"--certs", (certificates() / node).string()};
  }
  [[nodiscard]] validator::Member& member_of(std::size_t i) {
    const auto found = std::ranges::find(committee_.members, slots_[i].name, &validator::Member::name);
    BOOST_REQUIRE((found != committee_.members.end()));
    return *found;
  }
  void connect() {
    auto found = validator::find_validators(*node_, committee_);
    require_success(found);
    directory_ = *std::move(found);
    memory_ = start_session({.patience = std::chrono::milliseconds{300}});
  }

  Security security_;
  TemporaryDirectory folder_;
  Mesh mesh_;
  std::optional<network::Node> node_;
  validator::CommitteeFile committee_;
  std::shared_ptr<validator::Directory> directory_;
  Memory memory_;
  std::vector<Slot> slots_;
};

}  // namespace myelin::test
