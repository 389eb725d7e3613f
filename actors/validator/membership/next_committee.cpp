#include "myelin/validator/next_committee.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "membership/folder_names.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/validator/key_file.hpp"

namespace myelin::validator {

namespace {

Result<std::size_t> place_of(const CommitteeFile& committee, std::string_view name) {
  const auto found = std::ranges::find(committee.members, name, &Member::name);
  if (found != committee.members.end()) return static_cast<std::size_t>(found - committee.members.begin());
  std::string names;
  for (const Member& member : committee.members) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", member.name);
  }
  return fail(Errc::not_found, fmt::format("no validator '{}' in the committee of epoch {}; there are: {}", name,
                                           committee.epoch, names));
}

Result<CommitteeFile> checked(const CommitteeFile& committee, CommitteeFile next) {
  next.epoch = committee.epoch + 1;
  if (auto good = check_step(committee, next); !good) return tl::unexpected{good.error()};
  return next;
}

const Member* member_with(const CommitteeFile& committee, const consensus::PublicKey& key) {
  const auto found = std::ranges::find(committee.members, key, &Member::public_key);
  return found == committee.members.end() ? nullptr : &*found;
}

/// Those that the other has not.
std::vector<const Member*> members_only_in(const CommitteeFile& committee, const CommitteeFile& other) {
  std::vector<const Member*> only;
  for (const Member& member : committee.members) {
    if (member_with(other, member.public_key) == nullptr) only.push_back(&member);
  }
  return only;
}

}  // namespace

Result<CommitteeFile> with_replaced(const CommitteeFile& committee, std::string_view name, Member by) {
  const auto place = place_of(committee, name);
  if (!place) return tl::unexpected{place.error()};
  CommitteeFile next = committee;
  Member& replaced = next.members[*place];
  if (by.name.empty()) by.name = replaced.name;
  if (by.address.empty()) by.address = replaced.address;
  replaced = std::move(by);
  return checked(committee, std::move(next));
}

Result<CommitteeFile> with_added(const CommitteeFile& committee, Member added) {
  CommitteeFile next = committee;
  next.members.push_back(std::move(added));
  return checked(committee, std::move(next));
}

Result<CommitteeFile> with_removed(const CommitteeFile& committee, std::string_view name) {
  const auto place = place_of(committee, name);
  if (!place) return tl::unexpected{place.error()};
  CommitteeFile next = committee;
  next.members.erase(next.members.begin() + static_cast<std::ptrdiff_t>(*place));
  return checked(committee, std::move(next));
}

Result<void> check_step(const CommitteeFile& committee, const CommitteeFile& next) {
  if (next.epoch != committee.epoch + 1) {
    return fail(Errc::invalid_argument, fmt::format("a committee of epoch {} cannot follow that of epoch {}: epoch {} "
                                                    "is next",
                                                    next.epoch, committee.epoch, committee.epoch + 1));
  }
  if (next.members.size() > consensus::limits::kValidatorsMax) {
    return fail(Errc::invalid_argument, fmt::format("a committee of {} validators; {} are the most",
                                                    next.members.size(), consensus::limits::kValidatorsMax));
  }
  for (const Member& member : next.members) {
    if (std::ranges::count(next.members, member.public_key, &Member::public_key) > 1) {
      return fail(Errc::invalid_argument,
                  fmt::format("two validators with the public key {}", to_hex(member.public_key)));
    }
  }
  const auto come = members_only_in(next, committee);
  const auto gone = members_only_in(committee, next);
  if (come.empty() && gone.empty()) {
    return fail(Errc::invalid_argument, fmt::format("the committee of epoch {} has the same public keys as that of "
                                                    "epoch {}: there is nothing to agree on",
                                                    next.epoch, committee.epoch));
  }
  if (come.size() > 1 || gone.size() > 1) {
    return fail(
        Errc::invalid_argument,
        fmt::format("{} public keys are new in epoch {}, and {} are gone: change one validator an epoch, as who "
                    "comes has the state from those that stay",
                    come.size(), next.epoch, gone.size()));
  }
  if (gone.size() == committee.members.size()) {
    return fail(Errc::invalid_argument,
                "a single validator cannot be replaced or removed: nobody would be left who has "
                "the state. Add another first, or restore a backup");
  }
  if (!come.empty() && !gone.empty()) {
    const auto place_in = [](const CommitteeFile& file, const Member* member) { return member - file.members.data(); };
    if (place_in(next, come.front()) != place_in(committee, gone.front())) {
      return fail(Errc::invalid_argument, fmt::format("'{}' is to have the place of '{}', which is another one",
                                                      come.front()->name, gone.front()->name));
    }
  }
  for (const Member* member : come) {
    if (member->name.empty()) {
      return fail(Errc::invalid_argument,
                  fmt::format("the new validator {} has no name: that of its node", to_hex(member->public_key)));
    }
  }
  std::size_t before = 0;
  for (const Member& member : next.members) {
    if (!come.empty() && &member == come.front()) {
      if (std::ranges::count(next.members, member.name, &Member::name) > 1) {
        return fail(Errc::invalid_argument, fmt::format("two validators of the name '{}'", member.name));
      }
      continue;
    }
    while (!gone.empty() && before < committee.members.size() && &committee.members[before] == gone.front()) ++before;
    if (before == committee.members.size() || committee.members[before].public_key != member.public_key ||
        committee.members[before].name != member.name) {
      return fail(Errc::invalid_argument,
                  fmt::format("'{}' has another place or name than in epoch {}: those that stay "
                              "keep theirs",
                              member.name, committee.epoch));
    }
    ++before;
  }
  return {};
}

Result<CommitteeFile> begun_committee(const std::filesystem::path& folder) {
  auto committee = load_committee_file(committee_of_validator(folder));
  if (!committee && committee.error().code == Errc::not_found) {
    return fail(Errc::not_found, fmt::format("no validator has run in '{}' yet: 'myelin validator run' starts it, and "
                                             "leaves who validates in its folder",
                                             folder.string()));
  }
  return committee;
}

Result<CommitteeFile> approve_next(const std::filesystem::path& folder, const CommitteeFile& next) {
  auto committee = begun_committee(folder);
  if (!committee) return committee;
  if (auto good = check_step(*committee, next); !good) return tl::unexpected{good.error()};
  if (auto saved = save_committee_file(wanted_by_operator(folder), next); !saved) return tl::unexpected{saved.error()};
  return committee;
}

Result<CommitteeFile> believed_committee(const std::filesystem::path& folder, const CommitteeFile& given, bool joins) {
  auto own = load_committee_file(committee_of_validator(folder));
  if (!own && own.error().code == Errc::not_found) return given;
  if (!own) return own;
  if (own->epoch > given.epoch) {
    const CommitteeFile filled = with_addresses(*own, given);
    for (std::size_t i = 0; i < own->members.size(); ++i) {
      if (own->members[i].address.empty()) own->members[i].address = filled.members[i].address;
    }
    return own;
  }
  if (own->epoch == given.epoch) {
    if (keys_of(*own) == keys_of(given)) return given;
    return fail(
        Errc::invalid_argument,
        fmt::format("other validators in epoch {} than those that '{}' has begun it with: see the committee.toml "
                    "in there",
                    given.epoch, folder.string()));
  }
  return joins ? given : with_addresses(*std::move(own), given);
}

CommitteeFile with_addresses(CommitteeFile committee, const CommitteeFile& from) {
  for (Member& member : committee.members) {
    const Member* const there = member_with(from, member.public_key);
    if (there != nullptr && there->name == member.name) member.address = there->address;
  }
  return committee;
}

std::vector<consensus::PublicKey> keys_of(const CommitteeFile& committee) {
  std::vector<consensus::PublicKey> keys;
  for (const Member& member : committee.members) keys.push_back(member.public_key);
  return keys;
}

}  // namespace myelin::validator
