#include "commands/keys_new.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <CLI/App.hpp>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "myelin/validator/key_file.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

/// Where there is none, for its owner alone: it will hold a secret.
Result<void> make_folder(const fs::path& folder) {
  std::error_code ignored;
  if (folder.empty() || fs::exists(folder, ignored)) return {};
  if (auto made = make_folder(folder.parent_path()); !made) return made;
  if (::mkdir(folder.c_str(), S_IRWXU) == 0 || errno == EEXIST) return {};
  return fail(Errc::io_error,
              fmt::format("cannot make the folder '{}': {}", folder.string(), std::system_category().message(errno)));
}

}  // namespace

void KeysNew::declare(CLI::App& app) {
  app.add_option("file", file_,
                 "A file that is not there yet; its owner alone will be able to read it. Folders are made, likewise")
      ->required()
      ->type_name("FILE");
  app.footer(
      "The public key is what others know the validator by. The secret one stays in the file: who has it can speak\n"
      "for the validator. A key is never overwritten.\n\n"
      "Examples:\n"
      "  myelin keys new validator.key\n"
      "  myelin keys new north/key --json             # where 'myelin validator run north' looks for it");
}

Result<void> KeysNew::run(Session& session) {
  if (auto made = make_folder(fs::path{file_}.parent_path()); !made) return made;
  const auto key = validator::create_key_file(file_);
  if (!key) return tl::unexpected{key.error()};
  const std::string public_key = validator::to_hex((*key)->public_key());
  if (session.json) {
    session.print_json({{"command", path()}, {"file", file_}, {"public_key", public_key}});
  } else {
    session.print_text(public_key + '\n');
  }
  return {};
}

}  // namespace myelin::tool
