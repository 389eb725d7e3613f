#include "commands/memory_backup.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "memory/embedded_memory.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/validator/restore.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

void MemoryBackup::declare(CLI::App& app) {
  app.add_option("file", file_, "A file that is not there yet")->required()->type_name("FILE");
  app.add_option("--dir", directory_, "Where the memory's files are")->type_name("DIR")->capture_default_str();
  app.footer(
      "The file has all keys, and what clients were answered; not the validators' secret keys. It ends in a hash: "
      "what\n"
      "is damaged later is not restored. No process may have the memory open meanwhile.\n\n"
      "Examples:\n"
      "  myelin memory backup monday.backup\n"
      "  myelin memory backup /mnt/backups/monday --dir /var/lib/myelin/group --json");
}

Result<void> MemoryBackup::run(Session& session) {
  auto embedded = EmbeddedMemory::open(directory_, EmbeddedMemory::IfMissing::fail);
  if (!embedded) return tl::unexpected{embedded.error()};
  const auto commit = (*embedded)->backup(file_, session.stop);
  if (!commit) return tl::unexpected{commit.error()};
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(file_, ignored);
  if (session.json) {
    session.print_json({{"command", path()}, {"file", file_}, {"bytes", bytes}, {"commit", *commit}});
  } else {
    session.print_text(fmt::format("{} in '{}'\n", format_bytes(static_cast<double>(bytes)), file_));
  }
  return {};
}

void MemoryRestore::declare(CLI::App& app) {
  constexpr std::size_t kMost = consensus::limits::kValidatorsMax;
  app.add_option("file", file_, "What 'memory backup' wrote; it stays as it is")->required()->type_name("FILE");
  app.add_option("--dir", directory_, "Where to make the memory: a folder that is empty, or not there yet")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--validators", validators_, "How many keep the new one; as many as kept the old one if not given")
      ->check(CLI::Range(std::size_t{1}, kMost).description(""))
      ->type_name("N");
  app.footer(
      "Kept are all keys, and what clients were answered. New are the validators, with keys of their own. What was "
      "put\n"
      "after the backup is lost. Where a restore is broken off nothing starts from the folder: delete it.\n\n"
      "Examples:\n"
      "  myelin memory restore monday.backup\n"
      "  myelin memory restore monday.backup --dir /var/lib/myelin/group --validators 4");
}

Result<void> MemoryRestore::run(Session& session) {
  const auto restored = validator::restore_group(file_, directory_, validators_);
  if (!restored) return tl::unexpected{restored.error()};
  if (session.json) {
    session.print_json({{"command", path()},
                        {"dir", directory_},
                        {"keys", restored->keys},
                        {"validators", restored->validators},
                        {"commit", restored->taken_after},
                        {"time_ns", restored->time},
                        {"epoch", restored->epoch}});
  } else {
    session.print_text(fmt::format("{} keys in '{}', with {} new validator{}\n",
                                   format_count(static_cast<long long>(restored->keys)), directory_,
                                   restored->validators, restored->validators == 1 ? "" : "s"));
  }
  return {};
}

}  // namespace myelin::tool
