/// Who owns which held-out images, and who asks how often.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace myelin::digits {

/// How many of `items` fall to `taker` when they are dealt out in turn to `takers`. **Requires**: taker < takers.
[[nodiscard]] constexpr std::uint64_t dealt(std::uint64_t items, std::uint64_t taker, std::uint64_t takers) {
  return items / takers + (taker < items % takers ? 1 : 0);
}

/// One agent's images.
struct Share {
  std::vector<std::uint32_t> images;  ///< Numbers of held-out images; at least one.
  bool counts = true;                 ///< The accuracy counts this agent's first answers about its images.
};

/// Deals the images out in turn. Where there are more agents than images, the further agents own images that others
/// own too, and do not count. So each image counts once; and as many requests as images, dealt out in turn as well, are
/// enough to ask about each.
/// **Requires**: agent < agents, images > 0.
[[nodiscard]] Share share_of(std::size_t agent, std::size_t agents, std::size_t images);

}  // namespace myelin::digits
