/// What a block keeps when its message has more than one segment.
#pragma once

#include <vector>

#include "myelin/serialization/frame_block.hpp"

namespace myelin {

struct FrameBlock::Segments {
  std::vector<Segment> all;              ///< Every segment in order, the first one too.
  std::vector<BlockPool::Block> memory;  ///< Blocks to free: where the segments beyond the first lie.
};

}  // namespace myelin
