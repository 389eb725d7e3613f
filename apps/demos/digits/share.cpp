#include "demos/digits/share.hpp"

namespace myelin::digits {

Share share_of(std::size_t agent, std::size_t agents, std::size_t images) {
  if (agent >= images) return {.images = {static_cast<std::uint32_t>(agent % images)}, .counts = false};
  Share share;
  for (std::size_t image = agent; image < images; image += agents) {
    share.images.push_back(static_cast<std::uint32_t>(image));
  }
  return share;
}

}  // namespace myelin::digits
