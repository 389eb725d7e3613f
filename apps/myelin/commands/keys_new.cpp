#include "commands/keys_new.hpp"

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "myelin/validator/key_file.hpp"

namespace myelin::tool {

void KeysNew::declare(CLI::App& app) {
  app.add_option("file", file_, "A file that is not there yet; its owner alone will be able to read it")
      ->required()
      ->type_name("FILE");
  app.footer(
      "The public key is what others know the validator by. The secret one stays in the file: who has it can speak "
      "for\n"
      "the validator. A key is never overwritten.\n\n"
      "Examples:\n"
      "  myelin keys new validator.key\n"
      "  myelin keys new /etc/myelin/validator.key --json");
}

Result<void> KeysNew::run(Session& session) {
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
