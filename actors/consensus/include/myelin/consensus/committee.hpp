/// Who validates in an epoch, and how many make a quorum.
#pragma once

#include <bit>
#include <optional>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::consensus {

/// The validators of one epoch. Of n validators f = (n - 1) / 3 may be faulty in any way; n - f are a quorum: any two
/// quorums share an honest validator, and the honest alone are one. Immutable. **Thread-safety**: thread-safe.
class Committee {
 public:
  /// What an epoch starts from: the last commit of the one before, and the state after it. Zeros for the first epoch.
  struct Start {
    Digest commit;
    Digest state_root;
    CommitIndex index = 0;  ///< Of that commit: the epoch's own commits count on from it.
    WallTime time = 0;      ///< Of that commit: time does not go back.
  };

  /// `keys`: one a validator, in the order of their indices.
  /// **Errors**: invalid_argument for no keys, more than 64, or one key twice; it names the indices.
  [[nodiscard]] static Result<Committee> create(Epoch epoch, std::vector<PublicKey> keys, const Start& start);

  [[nodiscard]] Epoch epoch() const noexcept { return epoch_; }
  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
  [[nodiscard]] std::size_t faults_max() const noexcept { return (keys_.size() - 1) / 3; }
  [[nodiscard]] std::size_t quorum() const noexcept { return keys_.size() - faults_max(); }
  /// Of so many at least one is honest.
  [[nodiscard]] std::size_t one_honest() const noexcept { return faults_max() + 1; }
  [[nodiscard]] bool has_quorum(AuthorMask authors) const noexcept {
    return static_cast<std::size_t>(std::popcount(authors)) >= quorum();
  }
  [[nodiscard]] AuthorMask everyone() const noexcept {
    return size() == 64 ? ~AuthorMask{0} : (AuthorMask{1} << size()) - 1;
  }
  [[nodiscard]] const PublicKey& key(ValidatorIndex validator) const { return keys_[validator]; }
  [[nodiscard]] const std::vector<PublicKey>& keys() const noexcept { return keys_; }
  [[nodiscard]] std::optional<ValidatorIndex> index_of(const PublicKey& key) const noexcept;
  [[nodiscard]] const Start& start() const noexcept { return start_; }
  /// The vertex of round 0 that the author's first parents name. It has no content.
  [[nodiscard]] VertexRef genesis(ValidatorIndex author) const { return {0, author, genesis_[author]}; }
  /// Leader of slot (round, place): the slots of a round are in order of place, 0 to size() - 1.
  [[nodiscard]] ValidatorIndex leader(Round round, std::size_t place) const noexcept {
    return static_cast<ValidatorIndex>((round + place) % size());
  }
  /// The place of `author`'s slot in `round`.
  [[nodiscard]] std::size_t place_of(Round round, ValidatorIndex author) const noexcept {
    return (author + size() - round % size()) % size();
  }

 private:
  Committee() = default;

  Epoch epoch_ = 0;
  std::vector<PublicKey> keys_;
  std::vector<Digest> genesis_;
  Start start_;
};

}  // namespace myelin::consensus
