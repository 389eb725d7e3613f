/// Proof that a validator signed two vertices of one round, for anyone who knows the committee.
#pragma once

#include <cstddef>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/vertex.hpp"

namespace myelin::consensus {

/// A signed header: a vertex without its payload.
struct SignedHeader {
  Words header;
  Signature signature;
};

struct Evidence {
  Epoch epoch = 0;
  Round round = 0;
  ValidatorIndex author = 0;
  SignedHeader first;
  SignedHeader second;
};

/// **Requires**: two different vertices of one author and round.
[[nodiscard]] Evidence make_evidence(const Vertex& first, const Vertex& second);

/// Whether the evidence holds: both headers are of that epoch, round and author, differ, and are signed by the author.
/// **Errors**: invalid_argument, saying what does not hold. **Thread-safety**: thread-safe.
[[nodiscard]] Result<void> check_evidence(const Evidence& evidence, const Committee& committee,
                                          const SignatureChecker& checker);

}  // namespace myelin::consensus
