#include "memory/embedded_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "myelin/consensus/limits.hpp"
#include "myelin/validator/committee_file.hpp"

namespace myelin::tool {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kAnswerLimit{60};
// What a validator says of itself is some tenths of a second old.
constexpr std::chrono::milliseconds kLook{10};

}  // namespace

std::size_t validators_in(const fs::path& directory) {
  std::error_code ignored;
  std::size_t count = 0;
  for (std::size_t i = 0; i < consensus::limits::kValidatorsMax; ++i) {
    if (fs::is_directory(directory / fmt::format("validator{}", i), ignored)) count = i + 1;
  }
  // The last ones may be lost, too.
  const auto committee = validator::load_committee_file(directory / "committee.toml");
  if (committee && count > 0) count = std::max(count, committee->members.size());
  return count;
}

EmbeddedMemory::EmbeddedMemory(std::size_t validators, bool is_new)
    : is_new_{is_new}, mesh_{{.job_threads = validator::limits::kJobsPerValidator * validators}} {}

Result<std::unique_ptr<EmbeddedMemory>> EmbeddedMemory::open(const fs::path& directory, IfMissing if_missing,
                                                             std::optional<std::size_t> left_out) {
  const std::size_t there = validators_in(directory);
  if (there == 0 && if_missing == IfMissing::fail) {
    return fail(Errc::not_found, fmt::format("no shared memory in '{}'; 'myelin memory put' makes one, --dir names "
                                             "another directory",
                                             directory.string()));
  }
  const std::size_t validators = std::max<std::size_t>(there, 1);
  std::unique_ptr<EmbeddedMemory> embedded{new EmbeddedMemory{validators, there == 0}};
  validator::GroupOptions options{.validators = validators, .folder = directory};
  if (left_out) {
    constexpr std::size_t kFewest = 4;
    if (validators < kFewest) {
      return fail(Errc::invalid_argument,
                  fmt::format("'{}' has {} validator{}: of fewer than {} none can be replaced; "
                              "restore a backup",
                              directory.string(), validators, validators == 1 ? "" : "s", kFewest));
    }
    options.left_out = {*left_out};
  }
  auto started = validator::ValidatorGroup::start(embedded->mesh_, options);
  if (!started) return tl::unexpected{started.error()};
  embedded->group_.emplace(*std::move(started));
  embedded->memory_ = Memory::start_session(embedded->mesh_, embedded->group_->directory());
  return embedded;
}

Result<std::uint64_t> EmbeddedMemory::replace(std::size_t validator, Duration limit) {
  if (auto replaced = group_->replace(validator, limit); !replaced) return tl::unexpected{replaced.error()};
  const auto deadline = Clock::now() + limit;
  while (group_->status(validator).epoch == 0) {  // what it says of itself comes later
    if (Clock::now() >= deadline) {
      return fail(Errc::timeout,
                  fmt::format("validator {} was replaced, and does not say that it has begun", validator));
    }
    std::this_thread::sleep_for(kLook);
  }
  return group_->status(validator).epoch;
}

Result<std::uint64_t> EmbeddedMemory::backup(const fs::path& file, const std::stop_token& stop) {
  // Those that have answered an ordered read are through with their logs, and have all that was answered to anybody.
  if (const auto read = mesh_.ask(memory_.get("backup"), kAnswerLimit, stop); !read)
    return tl::unexpected{read.error()};
  consensus::CommitIndex commit = 0;
  for (std::size_t i = 0; i < group_->size(); ++i) commit = std::max(commit, group_->status(i).executed);
  const auto limit = std::chrono::steady_clock::now() + kAnswerLimit;
  for (std::size_t i = 0;; i = (i + 1) % group_->size()) {
    if (group_->status(i).executed >= commit) {
      if (auto done = group_->backup(i, file); !done) return tl::unexpected{done.error()};
      return commit;
    }
    if (stop.stop_requested()) return fail(Errc::cancelled, "the backup was not begun");
    if (std::chrono::steady_clock::now() > limit) {
      return fail(Errc::timeout, fmt::format("no validator has come to commit {}", commit));
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace myelin::tool
