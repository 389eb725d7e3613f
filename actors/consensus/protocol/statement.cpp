#include "myelin/consensus/statement.hpp"

#include <array>
#include <span>

namespace myelin::consensus {

namespace {

Digest digest_of(Epoch epoch, ValidatorIndex author, const IndexedDigest& commit, const Digest& state_root) {
  return Hasher{Domain::statement}
      .add(epoch)
      .add(std::uint64_t{author})
      .add(commit.index)
      .add(commit.digest)
      .add(state_root)
      .finish();
}

}  // namespace

Statement make_statement(Epoch epoch, ValidatorIndex author, const IndexedDigest& commit, const Digest& state_root,
                         const Signer& signer) {
  return {commit, state_root, signer.sign(digest_of(epoch, author, commit, state_root))};
}

bool is_signed_by(const Statement& statement, ValidatorIndex author, const Committee& committee,
                  const SignatureChecker& checker) {
  if (author >= committee.size()) return false;
  const std::array<SignedDigest, 1> item{{{digest_of(committee.epoch(), author, statement.commit, statement.state_root),
                                           statement.signature, committee.key(author)}}};
  std::array<bool, 1> valid{};
  checker.check(item, valid);
  return valid[0];
}

}  // namespace myelin::consensus
