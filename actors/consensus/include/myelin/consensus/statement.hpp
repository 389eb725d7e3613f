/// What a validator says of its past when asked.
#pragma once

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::consensus {

/// A validator's signed word that it made this commit, and that the state after it has this root: what its vertices'
/// votes say, for one who has not seen those or needs to know of a commit that none votes on.
struct Statement {
  IndexedDigest commit;
  Digest state_root;
  Signature signature;
};

[[nodiscard]] Statement make_statement(Epoch epoch, ValidatorIndex author, const IndexedDigest& commit,
                                       const Digest& state_root, const Signer& signer);

/// Whether that validator of the committee signed it. **Thread-safety**: thread-safe. **Cost**: that of a signature.
[[nodiscard]] bool is_signed_by(const Statement& statement, ValidatorIndex author, const Committee& committee,
                                const SignatureChecker& checker);

}  // namespace myelin::consensus
