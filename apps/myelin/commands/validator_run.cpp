#include "commands/validator_run.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "myelin/actors/mesh.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/validator.hpp"

namespace myelin::tool {

namespace {

// How often to look whether to end.
constexpr std::chrono::milliseconds kLook{20};

/// The member that has this key. **Errors**: invalid_argument, if there is none.
Result<validator::Member> member_with(const consensus::PublicKey& key, const validator::CommitteeFile& committee,
                                      const std::string& file) {
  const auto found = std::ranges::find(committee.members, key, &validator::Member::public_key);
  if (found == committee.members.end()) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' has no validator with the public key {}; add it there, on all machines alike", file,
                            validator::to_hex(key)));
  }
  if (found->name.empty()) {
    return fail(Errc::invalid_argument, fmt::format("the validator with the public key {} has no name in '{}': that of "
                                                    "its node; give it one",
                                                    validator::to_hex(key), file));
  }
  return *found;
}

}  // namespace

void ValidatorRun::declare(CLI::App& app) {
  app.add_option("dir", folder_, "Its folder, with its key in the file 'key' ('myelin keys new DIR/key' makes it)")
      ->required()
      ->type_name("DIR");
  app.add_option("--committee", committee_, "The file that names all validators: the same for all, and for clients")
      ->required()
      ->type_name("FILE");
  app.add_option("--listen", listen_, "Where others reach it; default: its address in the committee's file")
      ->type_name("HOST:PORT");
  flags_.declare(app);
  app.footer(
      "The committee's file is TOML, one table a validator:\n\n"
      "  epoch = 0\n"
      "  [[validator]]\n"
      "  public_key = \"...\"       # as 'myelin keys new' prints it\n"
      "  name = \"north\"           # of its node\n"
      "  address = \"10.0.0.1:4711\"\n\n"
      "It says when it is ready, and runs until Ctrl-C or SIGTERM. Killed in any other way it loses nothing that\n"
      "anybody was told.\n\n"
      "Examples:\n"
      "  myelin keys new north/key\n"
      "  myelin validator run north --committee committee.toml --certs certs/north\n"
      "  myelin memory put colour blue --committee committee.toml --certs certs/client --node client");
}

Result<void> ValidatorRun::run(Session& session) {
  const auto committee = validator::load_committee_file(committee_);
  if (!committee) return tl::unexpected{committee.error()};
  const auto key = validator::load_key_file(std::filesystem::path{folder_} / "key");
  if (!key) return tl::unexpected{key.error()};
  const auto member = member_with((*key)->public_key(), *committee, committee_);
  if (!member) return tl::unexpected{member.error()};
  auto options = flags_.options(member->name);
  if (!options) return tl::unexpected{options.error()};
  options->listen = !listen_.empty() ? listen_ : !member->address.empty() ? member->address : "127.0.0.1:0";

  Mesh mesh{{.job_threads = 2}};
  auto node = network::Node::start(mesh, *options);
  if (!node) return tl::unexpected{node.error()};
  const auto running = validator::Validator::start(mesh, *node, {.folder = folder_, .committee = *committee});
  if (!running) return tl::unexpected{running.error()};
  if (session.json) {
    session.print_json({{"command", path()},
                        {"validator", running->index()},
                        {"name", member->name},
                        {"address", node->address()},
                        {"validators", committee->members.size()},
                        {"epoch", committee->epoch}});
  } else {
    session.print_text(fmt::format("validator {} of {}, '{}', listens on {}\n", running->index(),
                                   committee->members.size(), member->name, node->address()));
  }
  std::fflush(session.terminal.out);  // whoever waits for it may read a pipe
  while (!session.stop.stop_requested()) {
    if (const auto status = running->status(); !status.halted.empty()) {
      return fail(Errc::validator_halted, status.halted);
    }
    std::this_thread::sleep_for(kLook);
  }
  return {};
}

}  // namespace myelin::tool
