/// What members of a committee, in processes of their own, tell each other about epochs.
#pragma once

#include <optional>

#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/validator.capnp.h"
#include "myelin/validator/committee_file.hpp"

namespace myelin::validator {

/// What a validator's operator wants the next committee to be; with the validator's signature of
/// consensus::next_committee_digest().
struct ApprovedNext {
  CommitteeFile committee;
  consensus::Signature signature;

  friend bool operator==(const ApprovedNext&, const ApprovedNext&) = default;
};

/// Where a validator stands.
struct EpochWord {
  bool is_here = false;  ///< Else it has not come to any epoch yet.
  consensus::Epoch epoch = 0;
  bool has_ended = false;
  std::optional<CommitteeFile> committee{};  ///< Of the epoch, where it was asked for.
  consensus::Committee::Start start{};       ///< The same.
  std::optional<ApprovedNext> next{};
};

/// `from`: of earlier epochs the committee is not told. **Errors**: those of format_committee().
[[nodiscard]] Result<void> write_word(const EpochWord& word, consensus::Epoch from, schema::EpochWord::Builder to);
/// **Errors**: bad_frame; those of parse_committee(). The signature is not looked at.
[[nodiscard]] Result<EpochWord> read_word(schema::EpochWord::Reader from);

/// Whether both name the same validators for the same epoch. Where those are reached may differ: whoever has the wrong
/// address for one does not find it, and no more.
[[nodiscard]] bool same(const CommitteeFile& a, const CommitteeFile& b) noexcept;
[[nodiscard]] bool same(const consensus::Committee::Start& a, const consensus::Committee::Start& b) noexcept;

}  // namespace myelin::validator
