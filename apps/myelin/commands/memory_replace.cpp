#include "commands/memory_replace.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "memory/embedded_memory.hpp"
#include "myelin/consensus/limits.hpp"

namespace myelin::tool {

void MemoryReplace::declare(CLI::App& app) {
  app.add_option("validator", validator_, "Which, as in the name of its folder: 2 of validator2")
      ->required()
      ->check(CLI::Range(std::size_t{0}, consensus::limits::kValidatorsMax - 1).description(""))
      ->type_name("N");
  app.add_option("--dir", directory_, "Where the memory's files are")->type_name("DIR")->capture_default_str();
  app.add_option("--timeout", seconds_, "Seconds for the others to agree on it")
      ->check(CLI::Range(0.1, 3600.0).description(""))
      ->type_name("S")
      ->capture_default_str();
  app.footer(
      "The others agree on a new key for it, and begin a new epoch, in which the old key is worth nothing;\n"
      "it then has their state. That takes four validators or more. Where there are fewer, or too many were\n"
      "lost, restore a backup. No process may have the memory open meanwhile. For validators in processes\n"
      "of their own there is 'myelin validator replace'.\n\n"
      "Examples:\n"
      "  myelin memory replace 2\n"
      "  myelin memory replace 2 --dir /var/lib/myelin/group --json");
}

Result<void> MemoryReplace::run(Session& session) {
  const auto limit = std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds_});
  auto embedded = EmbeddedMemory::open(directory_, EmbeddedMemory::IfMissing::fail, validator_);
  if (!embedded) return tl::unexpected{embedded.error()};
  const auto epoch = (*embedded)->replace(validator_, limit);
  if (!epoch) return tl::unexpected{epoch.error()};
  if (session.json) {
    session.print_json({{"command", path()},
                        {"dir", directory_},
                        {"validator", validator_},
                        {"validators", (*embedded)->validators()},
                        {"epoch", *epoch}});
  } else {
    session.print_text(
        fmt::format("validator {} of '{}' has a new key; epoch {} has begun\n", validator_, directory_, *epoch));
  }
  return {};
}

}  // namespace myelin::tool
