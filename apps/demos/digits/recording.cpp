#include "demos/digits/recording.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "memory/embedded_memory.hpp"

namespace myelin::digits {

namespace {

constexpr std::size_t kValidators = 4;
constexpr std::chrono::seconds kLimit{30};

/// Four validators without files, and a session with them.
struct OwnGroup {
  Mesh mesh{{.job_threads = validator::limits::kJobsPerValidator * kValidators}};
  std::optional<validator::ValidatorGroup> group{};
  Memory memory{};
};

/// The first name that no run has. Several may ask at a time: who puts it first has it.
Result<std::string> take_name(Mesh& mesh, const Memory& space, const std::stop_token& stop) {
  const auto runs = mesh.ask(space.get("runs"), kLimit, stop);
  if (!runs) return tl::unexpected{runs.error()};
  for (std::int64_t number = (*runs ? (*runs)->number() : 0) + 1;; ++number) {
    std::string name = fmt::format("run{:04}", number);
    const auto taken = mesh.ask(space.put_if_absent(name, "begun"), kLimit, stop);
    if (!taken) return tl::unexpected{taken.error()};
    if (!taken->is_swapped) continue;
    const auto counted = mesh.ask(space.add("runs", 1), kLimit, stop);
    if (!counted) return tl::unexpected{counted.error()};
    return name;
  }
}

Result<void> put(Mesh& mesh, const Memory& run, const Results& results, const std::stop_token& stop) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : results) keys.push_back(run.prefix() + key);
  std::vector<consensus::Transaction> puts;
  auto key = keys.begin();
  for (const auto& [name, value] : results) puts.push_back(consensus::Transaction::put(*key++, value));
  const auto outcomes = mesh.ask(run.execute(puts), kLimit, stop);
  if (!outcomes) return tl::unexpected{outcomes.error()};
  for (std::size_t i = 0; i < outcomes->size(); ++i) {
    if ((*outcomes)[i].status == consensus::Status::ok) continue;
    return fail(Errc::memory_full,
                fmt::format("'{}' could not be recorded: {}", keys[i], consensus::to_string((*outcomes)[i].status)));
  }
  return {};
}

Result<void> compare(Mesh& mesh, const Memory& run, const Results& results, const std::stop_token& stop) {
  const auto page = mesh.ask(run.search("*"), kLimit, stop);
  if (!page) return tl::unexpected{page.error()};
  Results found;
  for (const auto& [key, value] : page->entries) found.emplace(key, value.text());
  if (found == results) return {};
  return fail(Errc::corrupt_file, fmt::format("{} results were recorded under '{}', and others were read back",
                                              results.size(), run.prefix()));
}

Result<Recorded> record_in(Mesh& mesh, const Memory& memory, const Results& results, const std::stop_token& stop) {
  const Memory space = memory.space("digits");
  Result<std::string> name = take_name(mesh, space, stop);
  if (!name) return tl::unexpected{name.error()};
  const Memory run = space.space(*name);
  Recorded recorded;
  recorded.run = *std::move(name);
  recorded.keys = results.size();
  const TimePoint began = Clock::now();
  if (auto done = put(mesh, run, results, stop); !done) return tl::unexpected{done.error()};
  recorded.put = Clock::now() - began;
  if (auto done = compare(mesh, run, results, stop); !done) return tl::unexpected{done.error()};
  recorded.read = Clock::now() - began - recorded.put;
  return recorded;
}

}  // namespace

Result<Recorded> record(const Results& results, const std::filesystem::path& directory, const std::stop_token& stop) {
  if (directory.empty()) {
    OwnGroup own;
    auto started = validator::ValidatorGroup::start(own.mesh, {.validators = kValidators});
    if (!started) return tl::unexpected{started.error()};
    own.group.emplace(*std::move(started));
    own.memory = Memory::start_session(own.mesh, own.group->directory());
    Result<Recorded> recorded = record_in(own.mesh, own.memory, results, stop);
    if (recorded) recorded->validators = kValidators;
    return recorded;
  }
  auto opened = tool::EmbeddedMemory::open(directory, tool::EmbeddedMemory::IfMissing::make);
  if (!opened) return tl::unexpected{opened.error()};
  Result<Recorded> recorded = record_in((*opened)->mesh(), (*opened)->memory(), results, stop);
  if (recorded) {
    recorded->directory = directory.string();
    recorded->validators = (*opened)->validators();
  }
  return recorded;
}

}  // namespace myelin::digits
