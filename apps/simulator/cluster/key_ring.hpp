/// Who is who: the keys of all validators in all epochs, and their places in each committee.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "engine/random.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin::sim {

/// The same validators make up every committee, with new keys each time, and in another order. **Thread-safety**:
/// thread-compatible.
class KeyRing {
 public:
  /// `real`: Ed25519; else stubs that cost nothing.
  KeyRing(std::size_t validators, bool real, Random random);

  /// The committee's keys, in the order of their indices.
  [[nodiscard]] const std::vector<consensus::PublicKey>& keys(consensus::Epoch epoch) { return of(epoch).keys; }
  [[nodiscard]] const consensus::Signer& signer(consensus::Epoch epoch, std::size_t validator) {
    return *of(epoch).signers[validator];
  }
  [[nodiscard]] consensus::ValidatorIndex index_of(consensus::Epoch epoch, std::size_t validator) {
    return of(epoch).indices[validator];
  }
  [[nodiscard]] std::size_t validator_at(consensus::Epoch epoch, consensus::ValidatorIndex index) {
    return of(epoch).validators[index];
  }
  /// That the next epoch's keys are to follow, by these validators.
  [[nodiscard]] std::vector<consensus::Approval> approve(consensus::Epoch epoch,
                                                         std::span<const consensus::PublicKey> next,
                                                         std::span<const std::size_t> validators);
  [[nodiscard]] const consensus::SignatureChecker& checker() const noexcept { return *checker_; }

 private:
  struct Ring {
    std::vector<consensus::PublicKey> keys;                   // by index
    std::vector<std::size_t> validators;                      // by index
    std::vector<consensus::ValidatorIndex> indices;           // by validator
    std::vector<std::unique_ptr<consensus::Signer>> signers;  // by validator
  };
  Ring& of(consensus::Epoch epoch);

  std::size_t validators_;
  bool real_;
  std::uint64_t secret_;
  std::unique_ptr<consensus::SignatureChecker> checker_;
  std::map<consensus::Epoch, Ring> rings_;
};

}  // namespace myelin::sim
