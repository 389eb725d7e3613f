#include "myelin/validator/validator.hpp"

#include <fmt/format.h>

#include <optional>
#include <system_error>
#include <utility>

#include "agents/courier.hpp"
#include "agents/running_validator.hpp"
#include "agents/surroundings.hpp"
#include "myelin/validator/key_file.hpp"
#include "storage/epoch_files.hpp"

namespace myelin::validator {

namespace {

namespace fs = std::filesystem;

/// Made once the log is there: from then on it must not be missing.
fs::path votes_mark(const fs::path& folder) { return folder / "has-log"; }

/// The committee of the epoch that the state has come to, or of the file.
Result<consensus::Committee> committee_at(const fs::path& folder, const CommitteeFile& file) {
  const auto lock = FolderLock::take(folder);
  if (!lock) return tl::unexpected{lock.error()};
  const auto stored = last_epoch(folder);
  if (!stored) return tl::unexpected{stored.error()};
  if (*stored && (*stored)->epoch == file.epoch) return committee_of(file, (*stored)->start);
  if (!*stored && file.epoch == 0) return committee_of(file);
  return fail(Errc::invalid_argument,
              fmt::format("the committee is of epoch {}, and the state in {} of {}", file.epoch, folder.string(),
                          *stored ? fmt::format("epoch {}", (*stored)->epoch) : "none"));
}

}  // namespace

Result<std::shared_ptr<Directory>> find_validators(network::Node& node, const CommitteeFile& committee) {
  auto directory = std::make_shared<Directory>(committee.members.size());
  for (std::size_t i = 0; i < committee.members.size(); ++i) {
    const Member& member = committee.members[i];
    if (member.name.empty()) {
      return fail(Errc::invalid_argument,
                  fmt::format("validator {} of the committee has no name: that of its node", i));
    }
    if (member.name == node.name()) continue;
    if (!member.address.empty()) {
      if (auto added = node.add_peer({member.name, member.address}); !added) return tl::unexpected{added.error()};
    }
    auto found = node.find(member.name, kValidatorName);
    if (!found) return tl::unexpected{found.error()};
    directory->set(i, std::move(*found));
  }
  return directory;
}

class Validator::Impl {
 public:
  Impl(Mesh& mesh, network::Node& node) : mesh_{mesh}, node_{node} {}
  ~Impl() {
    if (running_) node_.withdraw(kValidatorName);
    running_.reset();
    for (const AgentRef& courier : couriers_) mesh_.stop_agent(courier);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start(const ValidatorSettings& settings) {
    auto key = load_key_file(settings.folder / "key");
    if (!key) return tl::unexpected{key.error()};
    auto committee = committee_at(settings.folder, settings.committee);
    if (!committee) return tl::unexpected{committee.error()};
    const auto self = committee->index_of((*key)->public_key());
    if (!self) {
      return fail(Errc::invalid_argument, fmt::format("the key in {} is no member's of the committee: {}",
                                                      settings.folder.string(), to_hex((*key)->public_key())));
    }
    index_ = *self;
    if (const std::string& name = settings.committee.members[index_].name; name != node_.name()) {
      return fail(Errc::invalid_argument,
                  fmt::format("the key in {} is that of '{}' in the committee, and this node is "
                              "'{}'",
                              settings.folder.string(), name, node_.name()));
    }
    auto found = find_validators(node_, settings.committee);
    if (!found) return tl::unexpected{found.error()};
    auto directory = std::make_shared<Directory>(committee->size());
    for (std::size_t i = 0; i < committee->size(); ++i) {
      if (i == index_) continue;
      couriers_.push_back(mesh_.spawn<Courier>((*found)->address(i)));
      directory->set(i, couriers_.back());
    }
    std::error_code ignored;
    const fs::path mark = votes_mark(settings.folder);
    const ValidatorOptions options{.folder = settings.folder,
                                   .core = settings.core,
                                   .executor = settings.executor,
                                   .saving = settings.saving,
                                   .begins = !fs::exists(mark, ignored),
                                   .recent_changes_bytes = settings.recent_changes_bytes};
    const auto surroundings = surroundings_of_machine(settings.syncs, settings.wall_clock);
    auto started = RunningValidator::start(mesh_, surroundings, directory, *committee, *self, std::move(*key), options);
    if (!started) return tl::unexpected{started.error()};
    if (options.begins) {
      if (auto made = surroundings->disk->open(mark); !made) return tl::unexpected{made.error()};
      if (auto synced = surroundings->disk->sync_folder(settings.folder); !synced) return synced;
    }
    if (auto published = node_.publish(std::string{kValidatorName}, directory->address(index_)); !published) {
      return published;
    }
    running_.emplace(std::move(*started));
    running_->begin();
    return {};
  }

  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] ValidatorStatus status() const { return running_->status(); }

 private:
  Mesh& mesh_;
  network::Node& node_;
  std::size_t index_ = 0;
  std::vector<AgentRef> couriers_;
  std::optional<RunningValidator> running_;
};

Result<Validator> Validator::start(Mesh& mesh, network::Node& node, const ValidatorSettings& settings) {
  auto impl = std::make_unique<Impl>(mesh, node);
  if (auto started = impl->start(settings); !started) return tl::unexpected{started.error()};
  return Validator{std::move(impl)};
}

Validator::Validator(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Validator::Validator(Validator&&) noexcept = default;
Validator::~Validator() = default;
std::size_t Validator::index() const noexcept { return impl_->index(); }
ValidatorStatus Validator::status() const { return impl_->status(); }

}  // namespace myelin::validator
