#include <unistd.h>

#include <optional>
#include <utility>

#include "bench/consensus/loaded_group.hpp"
#include "myelin/validator/group.hpp"
#include "process/cpu_time.hpp"
#include "process/temporary_folder.hpp"
#include "process/traffic.hpp"

namespace myelin::tool {

namespace {

class OwnGroup final : public LoadedGroup {
 public:
  explicit OwnGroup(const GroupSetup& setup)
      : running_{setup.validators - setup.crashed},
        mesh_{{.job_threads = validator::limits::kJobsPerValidator * setup.validators}} {}

  Result<void> start(const GroupSetup& setup) {
    validator::GroupOptions options{.validators = setup.validators};
    if (setup.kept != Kept::nothing) {
      auto made = setup.folder.empty() ? TemporaryFolder::make("myelin-bench-")
                                       : TemporaryFolder::make_in(setup.folder, "myelin-bench-");
      if (!made) return tl::unexpected{made.error()};
      folder_.emplace(*std::move(made));
      options.folder = folder_->path();
      options.syncs = setup.kept == Kept::synced;
    }
    auto group = validator::ValidatorGroup::start(mesh_, options);
    if (!group) return tl::unexpected{group.error()};
    group_.emplace(*std::move(group));
    for (std::size_t i = running_; i < setup.validators; ++i) group_->crash(i);
    memory_ = Memory::start_session(mesh_, group_->directory(), {.batch_transactions_max = setup.gathered_max});
    return {};
  }

  Mesh& mesh() noexcept override { return mesh_; }
  const Memory& memory() const noexcept override { return memory_; }
  Used used() const override { return {process_cpu_time(), disk_bytes_of(::getpid()), 0}; }

  Result<std::vector<Counts>> end() override {
    std::vector<Counts> counts;
    for (std::size_t i = 0; i < running_; ++i) {
      const validator::ValidatorStatus status = group_->status(i);
      counts.push_back({status.execution.transactions, status.signatures_checked, status.signature_calls,
                        status.log_bytes, status.syncs, status.letters_refused});
    }
    return counts;
  }

 private:
  std::size_t running_;
  std::optional<TemporaryFolder> folder_;
  Mesh mesh_;
  std::optional<validator::ValidatorGroup> group_;
  Memory memory_;
};

}  // namespace

Result<std::unique_ptr<LoadedGroup>> start_in_process(const GroupSetup& setup) {
  auto group = std::make_unique<OwnGroup>(setup);
  if (auto started = group->start(setup); !started) return tl::unexpected{started.error()};
  return group;
}

}  // namespace myelin::tool
