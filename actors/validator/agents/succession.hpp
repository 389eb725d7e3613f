/// What follows from what the members of a committee say of epochs: decided here, carried out elsewhere.
#pragma once

#include <optional>
#include <vector>

#include "agents/epoch_word.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/transaction.hpp"
#include "myelin/consensus/types.hpp"
#include "myelin/validator/committee_file.hpp"

namespace myelin::validator {

/// A next committee that a quorum approves of: what a reconfiguration takes.
struct AgreedNext {
  CommitteeFile committee;
  std::vector<consensus::Approval> approvals;  ///< By ascending validator; their signatures are good.
};

/// `words`: by the committee's indices, this validator's own among them. Only what all of a quorum approve of alike,
/// names included, counts. **Cost**: a check of a signature for each, once enough say the same.
[[nodiscard]] std::optional<AgreedNext> agreed_next(const consensus::Committee& committee,
                                                    const std::vector<EpochWord>& words,
                                                    const consensus::SignatureChecker& checker);

/// An epoch that others have come to.
struct LaterEpoch {
  CommitteeFile committee;
  consensus::Committee::Start start;
  std::vector<std::size_t> told_by;  ///< Members of the committee that was asked.
};

/// The latest epoch, from `from` on, of which so many members tell the same that one of them is honest. `words`: by
/// the indices of a committee that is believed.
[[nodiscard]] std::optional<LaterEpoch> later_epoch(const std::vector<EpochWord>& words, consensus::Epoch from);

}  // namespace myelin::validator
