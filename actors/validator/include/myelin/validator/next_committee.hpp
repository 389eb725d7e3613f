/// How a committee may change from one epoch to the next: one validator comes, goes, or takes another's place.
///
/// No more than that, for whoever comes has the state from those that stay: of n' validators in the next epoch 2f' + 1
/// at least must have been there before, so that f' of them may fail and f' + 1 others still tell the same.
/// **Thread-safety** of all: thread-safe.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/validator/committee_file.hpp"

namespace myelin::validator {

/// The next epoch's committee, with another validator in the place of the one of that name. An empty name or address
/// of `by` is the old one's. **Errors**: not_found, naming who is there; those of check_step().
[[nodiscard]] Result<CommitteeFile> with_replaced(const CommitteeFile& committee, std::string_view name, Member by);
/// The same, with one more behind all others. **Errors**: those of check_step().
[[nodiscard]] Result<CommitteeFile> with_added(const CommitteeFile& committee, Member added);
/// The same, without the one of that name. **Errors**: as with_replaced().
[[nodiscard]] Result<CommitteeFile> with_removed(const CommitteeFile& committee, std::string_view name);

/// Whether `next` may follow `committee`: in its next epoch, with one validator more, less, or another in its place;
/// the others' keys, names and order are the same, their addresses may differ.
/// **Errors**: invalid_argument, naming the value at fault.
[[nodiscard]] Result<void> check_step(const CommitteeFile& committee, const CommitteeFile& next);

/// Has the validator whose folder this is approve of `next`: a word that its process, running or not, signs and tells
/// the others. Once those of a quorum approve of the same, the group begins the next epoch with it. Whoever may write
/// to the folder may do this. It counts until the present epoch ends, or another is approved in its place; where it was
/// told already, it cannot be taken back. Returns the present committee.
/// **Errors**: not_found: no validator has run there; those of check_step(), load_committee_file() and
/// save_committee_file().
[[nodiscard]] Result<CommitteeFile> approve_next(const std::filesystem::path& folder, const CommitteeFile& next);

/// Who validates in the latest epoch that the validator of this folder has begun. **Errors**: as approve_next().
[[nodiscard]] Result<CommitteeFile> begun_committee(const std::filesystem::path& folder);

/// Whose word a validator believes that is started with `given`. That of the committee that it has begun an epoch with,
/// as a file may name one that nobody has agreed on yet; with `given`'s addresses, where that is not of an earlier
/// epoch. `given` itself, where it has begun none, or `joins`.
/// **Errors**: invalid_argument: `given` has other public keys for the same epoch; those of load_committee_file().
[[nodiscard]] Result<CommitteeFile> believed_committee(const std::filesystem::path& folder, const CommitteeFile& given,
                                                       bool joins);

/// The same validators, with the addresses that those of the same key and name have in `from`.
[[nodiscard]] CommitteeFile with_addresses(CommitteeFile committee, const CommitteeFile& from);

/// The members' keys, by their indices.
[[nodiscard]] std::vector<consensus::PublicKey> keys_of(const CommitteeFile& committee);

}  // namespace myelin::validator
