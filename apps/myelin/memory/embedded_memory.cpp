#include "memory/embedded_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "myelin/consensus/limits.hpp"

namespace myelin::tool {

namespace fs = std::filesystem;

std::size_t validators_in(const fs::path& directory) {
  std::error_code ignored;
  std::size_t count = 0;
  while (count < consensus::limits::kValidatorsMax &&
         fs::is_directory(directory / fmt::format("validator{}", count), ignored)) {
    ++count;
  }
  return count;
}

EmbeddedMemory::EmbeddedMemory(std::size_t validators, bool is_new)
    : is_new_{is_new}, mesh_{{.job_threads = validators}} {}

Result<std::unique_ptr<EmbeddedMemory>> EmbeddedMemory::open(const fs::path& directory, IfMissing if_missing) {
  const std::size_t there = validators_in(directory);
  if (there == 0 && if_missing == IfMissing::fail) {
    return fail(Errc::not_found, fmt::format("no shared memory in '{}'; 'myelin memory put' makes one, --dir names "
                                             "another directory",
                                             directory.string()));
  }
  const std::size_t validators = std::max<std::size_t>(there, 1);
  std::unique_ptr<EmbeddedMemory> embedded{new EmbeddedMemory{validators, there == 0}};
  auto started = validator::ValidatorGroup::start(embedded->mesh_, {.validators = validators, .folder = directory});
  if (!started) return tl::unexpected{started.error()};
  embedded->group_.emplace(*std::move(started));
  embedded->memory_ = Memory::start_session(embedded->mesh_, embedded->group_->directory());
  return embedded;
}

}  // namespace myelin::tool
