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
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/limits.hpp"
#include "myelin/validator/next_committee.hpp"

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

/// What it has done since it started.
nlohmann::json counts_of(const validator::ValidatorStatus& status) {
  return {{"ended_in_round", status.round},
          {"commits", status.executed},
          {"transactions", status.execution.transactions},
          {"signatures_checked", status.signatures_checked},
          {"signature_calls", status.signature_calls},
          {"letters_refused", status.letters_refused},
          {"accusations", status.accusations},
          {"log_bytes", status.log_bytes},
          {"syncs", status.syncs}};
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
  app.add_flag(
      "--joins", joins_,
      "The first time, for one that joins a group which is there already: its key is new, and FILE is believed");
  flags_.declare(app);
  app.footer(
      "The committee's file is TOML, one table a validator:\n\n"
      "  epoch = 0\n"
      "  [[validator]]\n"
      "  public_key = \"...\"       # as 'myelin keys new' prints it\n"
      "  name = \"north\"           # of its node\n"
      "  address = \"10.0.0.1:4711\"\n\n"
      "It says when it is ready, and runs until Ctrl-C or SIGTERM. Killed in any other way it loses nothing\n"
      "that anybody was told. When validators have changed ('myelin validator approve'), it goes on in the\n"
      "next epoch, with the committee that it then has in its folder; of FILE only addresses count then.\n"
      "One that is not needed any more ends with status 1, and says so. With --json it says what it has\n"
      "counted, in a second document, when it ends.\n\n"
      "Examples:\n"
      "  myelin keys new north/key\n"
      "  myelin validator run north --committee committee.toml --certs certs/north\n"
      "  myelin validator run south2 --committee next.toml --certs certs/south2 --joins\n"
      "  myelin memory put colour blue --committee committee.toml --certs certs/client");
}

Result<void> ValidatorRun::run(Session& session) {
  const auto committee = validator::load_committee_file(committee_);
  if (!committee) return tl::unexpected{committee.error()};
  const auto key = validator::load_key_file(std::filesystem::path{folder_} / "key");
  if (!key && key.error().code == Errc::not_found) {
    return fail(Errc::not_found, fmt::format("{}; 'myelin keys new {}/key' makes one", key.error().message, folder_));
  }
  if (!key) return tl::unexpected{key.error()};
  const auto believed = validator::believed_committee(folder_, *committee, joins_);
  if (!believed) return tl::unexpected{believed.error()};
  const auto member = member_with((*key)->public_key(), *believed, committee_);
  if (!member) return tl::unexpected{member.error()};
  auto options = flags_.options(member->name);
  if (!options) return tl::unexpected{options.error()};
  options->listen = !listen_.empty() ? listen_ : !member->address.empty() ? member->address : "127.0.0.1:0";

  Mesh mesh{{.job_threads = validator::limits::kJobsPerLoneValidator}};
  auto node = network::Node::start(mesh, *options);
  if (!node) return tl::unexpected{node.error()};
  const auto running =
      validator::Validator::start(mesh, *node, {.folder = folder_, .committee = *committee, .joins = joins_});
  if (!running) return tl::unexpected{running.error()};
  show_start(session, *running, node->address());
  consensus::Epoch shown = running->committee().epoch;
  bool waits = !running->status().waiting.empty();
  while (!session.stop.stop_requested()) {
    const validator::ValidatorStatus status = running->status();
    if (!status.halted.empty()) return fail(Errc::validator_halted, status.halted);
    const validator::CommitteeFile now = running->committee();
    const bool has_begun = status.waiting.empty() && (waits || now.epoch != shown);
    if (has_begun && !session.json) {
      session.print_text(fmt::format("epoch {} has begun, with {} validators; this is {}\n", now.epoch,
                                     now.members.size(), running->index()));
      std::fflush(session.terminal.out);
    }
    if (has_begun) shown = now.epoch;
    waits = !status.waiting.empty();
    std::this_thread::sleep_for(kLook);
  }
  if (session.json) session.print_json(counts_of(running->status()));
  return {};
}

void ValidatorRun::show_start(Session& session, const validator::Validator& running, const std::string& address) const {
  const validator::CommitteeFile committee = running.committee();
  const std::string& name = committee.members[running.index()].name;
  const std::string waiting = running.status().waiting;
  if (session.json) {
    nlohmann::json document{{"command", path()},  {"validator", running.index()},           {"name", name},
                            {"address", address}, {"validators", committee.members.size()}, {"epoch", committee.epoch}};
    if (!waiting.empty()) document["waits_for"] = waiting;
    session.print_json(document);
  } else {
    session.print_text(fmt::format("validator {} of {}, '{}', listens on {}\n", running.index(),
                                   committee.members.size(), name, address));
    if (!waiting.empty()) session.print_text(fmt::format("it waits for {}\n", waiting));
  }
  std::fflush(session.terminal.out);  // whoever waits for it may read a pipe
}

}  // namespace myelin::tool
