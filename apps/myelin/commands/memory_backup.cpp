#include "commands/memory_backup.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "memory/connected_memory.hpp"
#include "memory/embedded_memory.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/validator/backup.hpp"
#include "myelin/validator/restore.hpp"
#include "process/atomic_file.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

// Before those are asked again of whom none could give a backup.
constexpr std::chrono::milliseconds kPause{50};

/// Whether another validator, or the same one later, may give what this one did not.
bool is_worth_another_try(Errc code) noexcept {
  switch (code) {
    case Errc::timeout:
    case Errc::overloaded:
    case Errc::unreachable:
    case Errc::not_found:
    case Errc::receiver_dead:
    case Errc::no_reply:
    case Errc::outcome_unknown: return true;
    default: return false;
  }
}

/// Those to be asked: all, or the one of that name. **Errors**: not_found, naming who is there.
Result<std::vector<std::size_t>> members_named(const std::string& name, const validator::CommitteeFile& committee) {
  std::vector<std::size_t> members;
  std::string names;
  for (std::size_t i = 0; i < committee.members.size(); ++i) {
    if (name.empty() || committee.members[i].name == name) members.push_back(i);
    names += fmt::format("{}{}", names.empty() ? "" : ", ", committee.members[i].name);
  }
  if (members.empty()) {
    return fail(Errc::not_found, fmt::format("no validator '{}' in the committee's file; there are: {}", name, names));
  }
  return members;
}

}  // namespace

void MemoryBackup::declare(CLI::App& app) {
  constexpr double kSecondsMin = 0.1;
  constexpr double kSecondsMax = 86'400;
  app.add_option("file", file_, "A file that is not there yet")->required()->type_name("FILE");
  auto* const directory =
      app.add_option("--dir", directory_, "Where the memory's files are")->type_name("DIR")->capture_default_str();
  auto* const committee =
      app.add_option("--committee", committee_, "Or the file that names its validators, which run elsewhere")
          ->type_name("FILE")
          ->excludes(directory);
  app.add_option("--from", from_, "Of those, the one whose state is copied; the first that has it, if not given")
      ->type_name("NAME")
      ->needs(committee);
  flags_.declare(app);
  app.add_option("--timeout", seconds_, "Seconds to wait for validators, and for each part of what they send")
      ->check(CLI::Range(kSecondsMin, kSecondsMax).description(""))
      ->type_name("S")
      ->capture_default_str();
  app.footer(
      "The file has all keys, and what clients were answered, as of one moment: no earlier than when this\n"
      "began. It has no validator's secret key. It ends in a hash: what is damaged later is not restored.\n"
      "It is whole, or not there.\n\n"
      "Of a directory: no process may have the memory open meanwhile. Of validators that run elsewhere\n"
      "(--committee): they go on; one of them is believed, and if it is a little behind, what was answered in\n"
      "the last moments before this began may be missing. Where one may lie, take two, --from different\n"
      "ones, and compare the roots that 'memory restore --json' gives.\n\n"
      "Examples:\n"
      "  myelin memory backup monday.backup\n"
      "  myelin memory backup /mnt/backups/monday --dir /var/lib/myelin/group --json\n"
      "  myelin memory backup monday.backup --committee committee.toml --certs certs/client --from north");
}

Result<MemoryBackup::Made> MemoryBackup::back_up_directory(Session& session) const {
  auto embedded = EmbeddedMemory::open(directory_, EmbeddedMemory::IfMissing::fail);
  if (!embedded) return tl::unexpected{embedded.error()};
  const auto commit = (*embedded)->backup(file_, session.stop);
  if (!commit) return tl::unexpected{commit.error()};
  return Made{*commit};
}

Result<MemoryBackup::Made> MemoryBackup::back_up_validators(Session& session) const {
  if (auto writable = check_can_write("FILE", file_); !writable) return tl::unexpected{writable.error()};
  const auto limit = std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds_});
  const auto connected = ConnectedMemory::connect(committee_, flags_, limit, session.stop);
  if (!connected) return tl::unexpected{connected.error()};
  const auto members = members_named(from_, (*connected)->committee());
  if (!members) return tl::unexpected{members.error()};
  const auto copies = validator::find_copies((*connected)->node(), (*connected)->committee());
  if (!copies) return tl::unexpected{copies.error()};
  // Those that have answered an ordered read are through with their logs, if they have just started.
  Mesh& mesh = (*connected)->mesh();
  if (const auto read = mesh.ask((*connected)->memory().get("backup"), limit, session.stop); !read) {
    return tl::unexpected{read.error()};
  }
  const auto place = mesh.ask((*connected)->memory().place(), limit, session.stop);
  if (!place) return tl::unexpected{place.error()};
  const TimePoint deadline = Clock::now() + limit;
  while (true) {
    Error last{Errc::timeout, {}};
    for (const std::size_t i : *members) {
      const std::string& name = (*connected)->committee().members[i].name;
      const auto made = validator::back_up(mesh, (*copies)->address(i), file_,
                                           {.commit_min = place->commit, .patience = limit, .stop = session.stop});
      if (made) return Made{made->commit, name};
      if (!is_worth_another_try(made.error().code)) return tl::unexpected{made.error()};
      last = {made.error().code, fmt::format("'{}': {}", name, made.error().message)};
    }
    if (Clock::now() >= deadline) return tl::unexpected{std::move(last)};
    if (session.stop.stop_requested()) return fail(Errc::cancelled, "interrupted before the backup was made");
    std::this_thread::sleep_for(kPause);
  }
}

Result<void> MemoryBackup::run(Session& session) {
  const auto made = committee_.empty() ? back_up_directory(session) : back_up_validators(session);
  if (!made) return tl::unexpected{made.error()};
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(file_, ignored);
  if (session.json) {
    nlohmann::json document{{"command", path()}, {"file", file_}, {"bytes", bytes}, {"commit", made->commit}};
    if (!made->from.empty()) document["validator"] = made->from;
    session.print_json(document);
  } else {
    session.print_text(fmt::format("{} in '{}'{}\n", format_bytes(static_cast<double>(bytes)), file_,
                                   made->from.empty() ? "" : fmt::format(", from '{}'", made->from)));
  }
  return {};
}

void MemoryRestore::declare(CLI::App& app) {
  constexpr std::size_t kMost = consensus::limits::kValidatorsMax;
  app.add_option("file", file_, "What 'memory backup' wrote; it stays as it is")->required()->type_name("FILE");
  app.add_option("--dir", directory_,
                 "Where to make the memory: a folder that is empty, or not there yet; with --committee, one that holds "
                 "a validator's key")
      ->type_name("DIR")
      ->capture_default_str();
  auto* const validators =
      app.add_option("--validators", validators_, "How many keep the new one; as many as kept the old one if not given")
          ->check(CLI::Range(std::size_t{1}, kMost).description(""))
          ->type_name("N");
  app.add_option("--committee", committee_, "Who keeps the new one, in processes of their own: DIR is made that of one")
      ->type_name("FILE")
      ->excludes(validators);
  app.footer(
      "Kept are all keys, and what clients were answered. New are the validators, with keys of their own.\n"
      "What was put after the backup is lost. Where a restore is broken off nothing starts from the folder:\n"
      "delete it.\n\n"
      "For validators in processes of their own, each operator makes a key ('myelin keys new DIR/key'), all\n"
      "write the public ones into one committee's file, and each restores a copy of the same backup into\n"
      "his validator's folder. The roots that they are told must be the same.\n\n"
      "Examples:\n"
      "  myelin memory restore monday.backup\n"
      "  myelin memory restore monday.backup --dir /var/lib/myelin/group --validators 4\n"
      "  myelin memory restore monday.backup --dir north --committee committee.toml");
}

Result<void> MemoryRestore::restore_one(Session& session) const {
  const auto committee = validator::load_committee_file(committee_);
  if (!committee) return tl::unexpected{committee.error()};
  const auto restored = validator::restore_validator(file_, directory_, *committee);
  if (!restored) return tl::unexpected{restored.error()};
  const std::string root = consensus::to_hex(restored->root);
  if (session.json) {
    session.print_json({{"command", path()},
                        {"dir", directory_},
                        {"keys", restored->keys},
                        {"validators", restored->validators},
                        {"commit", restored->taken_after},
                        {"time_ns", restored->time},
                        {"epoch", restored->epoch},
                        {"root", root}});
  } else {
    session.print_text(fmt::format("{} keys in '{}', for one of {} validators; epoch {}\nroot {}\n",
                                   format_count(static_cast<long long>(restored->keys)), directory_,
                                   restored->validators, restored->epoch, root));
  }
  return {};
}

Result<void> MemoryRestore::run(Session& session) {
  if (!committee_.empty()) return restore_one(session);
  const auto restored = validator::restore_group(file_, directory_, validators_);
  if (!restored) return tl::unexpected{restored.error()};
  if (session.json) {
    session.print_json({{"command", path()},
                        {"dir", directory_},
                        {"keys", restored->keys},
                        {"validators", restored->validators},
                        {"commit", restored->taken_after},
                        {"time_ns", restored->time},
                        {"epoch", restored->epoch},
                        {"root", consensus::to_hex(restored->root)}});
  } else {
    session.print_text(fmt::format("{} keys in '{}', with {} new validator{}\n",
                                   format_count(static_cast<long long>(restored->keys)), directory_,
                                   restored->validators, restored->validators == 1 ? "" : "s"));
  }
  return {};
}

}  // namespace myelin::tool
