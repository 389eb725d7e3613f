#include "commands/validator_change.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>
#include <utility>

#include "myelin/base/time.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/next_committee.hpp"

namespace myelin::tool {

namespace {

// How often to look whether the next epoch has begun.
constexpr std::chrono::milliseconds kLook{50};

std::size_t quorum_of(std::size_t validators) noexcept { return validators - (validators - 1) / 3; }

void declare_new(CLI::App& app, NewMember& member, bool is_whole) {
  app.add_option("--public-key", member.public_key, "Of the new one, as 'myelin keys new' prints it")
      ->required()
      ->type_name("HEX");
  auto* const name = app.add_option("--name", member.name,
                                    is_whole ? "Of its node, as in its certificate"
                                             : "Of its node, as in its certificate; the old one's, if not given")
                         ->type_name("NAME");
  auto* const address =
      app.add_option("--address", member.address,
                     is_whole ? "Where others reach it" : "Where others reach it; as the old one, if not given")
          ->type_name("HOST:PORT");
  if (!is_whole) return;
  name->required();
  address->required();
}

}  // namespace

Result<validator::Member> NewMember::read() const {
  auto key = validator::parse_public_key(public_key);
  if (!key) return fail(key.error().code, fmt::format("--public-key: {}", key.error().message));
  return validator::Member{*key, name, address};
}

void ValidatorChange::declare(CLI::App& app) {
  declare_own(app);
  app.add_option("--committee", committee_, "The present committee's file, as in any validator's folder")
      ->required()
      ->type_name("FILE");
  app.add_option("--out", next_, "The next committee's file: one that is not there yet")->type_name("FILE")->required();
  app.footer(explanation());
}

Result<void> ValidatorChange::run(Session& session) {
  const auto committee = validator::load_committee_file(committee_);
  if (!committee) return tl::unexpected{committee.error()};
  auto next = change(*committee);
  if (!next) return tl::unexpected{next.error()};
  if (std::error_code ignored; std::filesystem::exists(next_, ignored)) {
    return fail(Errc::invalid_argument, fmt::format("'{}' exists; name another file with --out", next_));
  }
  if (auto saved = validator::save_committee_file(next_, *next); !saved) return saved;
  const std::size_t quorum = quorum_of(committee->members.size());
  if (session.json) {
    session.print_json({{"command", path()},
                        {"file", next_},
                        {"epoch", next->epoch},
                        {"validators", next->members.size()},
                        {"approvals_needed", quorum}});
  } else {
    session.print_text(
        fmt::format("the committee of epoch {}, with {} validators, in '{}'\n"
                    "to be approved of at {} of the present {}: myelin validator approve DIR {}\n",
                    next->epoch, next->members.size(), next_, quorum, committee->members.size(), next_));
  }
  return {};
}

void ValidatorReplace::declare_own(CLI::App& app) {
  app.add_option("name", replaced_, "The one that is to be replaced")->required()->type_name("NAME");
  declare_new(app, by_, false);
}

std::string ValidatorReplace::explanation() const {
  return "For one whose key, log or disk was lost, or is not trusted any more: its key never votes again. The\n"
         "group goes on meanwhile, and the new one gets the state from the others. Nothing happens before the\n"
         "operators of a quorum have approved.\n\n"
         "Examples:\n"
         "  myelin keys new south2/key                              # on the new one's machine\n"
         "  myelin validator replace south --public-key HEX --committee north/committee.toml --out next.toml\n"
         "  myelin validator approve north next.toml                # on the machines of a quorum\n"
         "  myelin validator run south2 --committee next.toml --certs certs/south --joins";
}

Result<validator::CommitteeFile> ValidatorReplace::change(const validator::CommitteeFile& committee) const {
  auto by = by_.read();
  if (!by) return tl::unexpected{by.error()};
  return validator::with_replaced(committee, replaced_, *std::move(by));
}

void ValidatorAdd::declare_own(CLI::App& app) { declare_new(app, added_, true); }

std::string ValidatorAdd::explanation() const {
  return "Of n validators (n - 1) / 3 may fail: one of four, two of seven. More bear more, and agree more\n"
         "slowly.\n\n"
         "Examples:\n"
         "  myelin keys new upper/key\n"
         "  myelin validator add --public-key HEX --name upper --address 10.0.0.5:4711 \\\n"
         "      --committee north/committee.toml --out next.toml\n"
         "  myelin validator approve north next.toml                # on the machines of a quorum\n"
         "  myelin validator run upper --committee next.toml --certs certs/upper --joins";
}

Result<validator::CommitteeFile> ValidatorAdd::change(const validator::CommitteeFile& committee) const {
  auto added = added_.read();
  if (!added) return tl::unexpected{added.error()};
  return validator::with_added(committee, *std::move(added));
}

void ValidatorRemove::declare_own(CLI::App& app) {
  app.add_option("name", removed_, "The one that is to go")->required()->type_name("NAME");
}

std::string ValidatorRemove::explanation() const {
  return "Of those that are left, fewer may fail: three bear the loss of none.\n\n"
         "Examples:\n"
         "  myelin validator remove upper --committee north/committee.toml --out next.toml\n"
         "  myelin validator approve north next.toml                # on the machines of a quorum";
}

Result<validator::CommitteeFile> ValidatorRemove::change(const validator::CommitteeFile& committee) const {
  return validator::with_removed(committee, removed_);
}

void ValidatorApprove::declare(CLI::App& app) {
  constexpr double kSecondsMax = 86'400;
  app.add_option("dir", folder_, "The validator's folder; it runs, or will")->required()->type_name("DIR");
  app.add_option("next", next_, "What 'validator replace', 'add' or 'remove' has written")
      ->required()
      ->type_name("FILE");
  app.add_option("--wait", seconds_, "Seconds to wait for the next epoch to begin here")
      ->check(CLI::Range(0.1, kSecondsMax).description(""))
      ->type_name("S");
  app.footer(
      "The validator signs the committee, and tells the others. Once those of a quorum have approved of the\n"
      "same, the group begins the next epoch with it: calls wait for about a second. Who may write to a\n"
      "validator's folder may approve for it, and nobody else can. Approving of another file takes the\n"
      "place of this, where the epoch has not ended yet.\n\n"
      "Clients' files still find those that stay; give them the next one before more than a third has\n"
      "changed.\n\n"
      "Examples:\n"
      "  myelin validator approve north next.toml\n"
      "  myelin validator approve north next.toml --wait 600");
}

Result<void> ValidatorApprove::run(Session& session) {
  const auto next = validator::load_committee_file(next_);
  if (!next) return tl::unexpected{next.error()};
  const auto committee = validator::approve_next(folder_, *next);
  if (!committee) return tl::unexpected{committee.error()};
  if (seconds_) {
    if (auto waited = wait(session, next->epoch); !waited) return waited;
  }
  const std::size_t quorum = quorum_of(committee->members.size());
  if (session.json) {
    session.print_json({{"command", path()},
                        {"dir", folder_},
                        {"epoch", next->epoch},
                        {"approvals_needed", quorum},
                        {"has_begun", seconds_.has_value()}});
  } else if (seconds_) {
    session.print_text(fmt::format("epoch {} has begun\n", next->epoch));
  } else {
    session.print_text(fmt::format("'{}' approves of the committee of epoch {}; it begins when {} of {} do\n", folder_,
                                   next->epoch, quorum, committee->members.size()));
  }
  return {};
}

Result<void> ValidatorApprove::wait(Session& session, consensus::Epoch epoch) const {
  const TimePoint deadline =
      Clock::now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>{*seconds_});
  while (true) {
    const auto committee = validator::begun_committee(folder_);
    if (committee && committee->epoch >= epoch) return {};
    if (session.stop.stop_requested()) return fail(Errc::cancelled, "interrupted; the approval stays");
    if (Clock::now() >= deadline) {
      return fail(Errc::timeout,
                  fmt::format("epoch {} has not begun in '{}' within {} s: too few have approved, or run. "
                              "The approval stays",
                              epoch, folder_, *seconds_));
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace myelin::tool
