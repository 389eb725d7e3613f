#include "myelin/consensus/committee.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

Result<Committee> Committee::create(Epoch epoch, std::vector<PublicKey> keys, const Start& start) {
  if (keys.empty() || keys.size() > limits::kValidatorsMax) {
    return fail(Errc::invalid_argument,
                fmt::format("a committee of {} validators; it takes 1 to {}", keys.size(), limits::kValidatorsMax));
  }
  for (std::size_t later = 1; later < keys.size(); ++later) {
    const auto found = std::find(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(later), keys[later]);
    if (found != keys.begin() + static_cast<std::ptrdiff_t>(later)) {
      return fail(Errc::invalid_argument,
                  fmt::format("validators {} and {} have one key; each needs its own", found - keys.begin(), later));
    }
  }
  Committee committee;
  committee.epoch_ = epoch;
  committee.keys_ = std::move(keys);
  committee.start_ = start;
  for (std::size_t author = 0; author < committee.size(); ++author) {
    Hasher hasher{Domain::genesis};
    hasher.add(epoch)
        .add(start.commit)
        .add(start.state_root)
        .add(start.index)
        .add(static_cast<std::uint64_t>(start.time));
    hasher.add(std::uint64_t{author});
    for (const PublicKey& key : committee.keys_) hasher.add(std::as_bytes(std::span{key.bytes}));
    committee.genesis_.push_back(hasher.finish());
  }
  return committee;
}

std::optional<ValidatorIndex> Committee::index_of(const PublicKey& key) const noexcept {
  const auto found = std::ranges::find(keys_, key);
  if (found == keys_.end()) return std::nullopt;
  return static_cast<ValidatorIndex>(found - keys_.begin());
}

}  // namespace myelin::consensus
