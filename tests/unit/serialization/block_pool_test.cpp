#include "myelin/serialization/block_pool.hpp"

#include <cstring>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

using myelin::BlockPool;

BOOST_AUTO_TEST_SUITE(block_pool)

BOOST_AUTO_TEST_CASE(blocks_are_aligned_distinct_and_large_enough) {
  for (const std::size_t bytes : {1UL, 64UL, 65UL, 4096UL, 16384UL, 16385UL, 1'000'000UL}) {
    std::vector<BlockPool::Block> blocks;
    for (int count = 0; count < 300; ++count) {
      blocks.push_back(BlockPool::allocate(bytes));
      BOOST_REQUIRE(blocks.back().size >= bytes);
      BOOST_REQUIRE(reinterpret_cast<std::uintptr_t>(blocks.back().memory) % BlockPool::kAlignment == 0);
      std::memset(blocks.back().memory, count & 0xff, bytes);
    }
    for (int count = 0; count < 300; ++count) {
      BOOST_REQUIRE(static_cast<unsigned char*>(blocks[count].memory)[bytes - 1] == (count & 0xff));
      BlockPool::free(blocks[count].memory, blocks[count].size_class);
    }
  }
}

BOOST_AUTO_TEST_CASE(blocks_may_be_freed_on_another_thread_over_and_over) {
  for (int round = 0; round < 20; ++round) {
    std::vector<BlockPool::Block> blocks;
    std::thread maker{[&] {
      for (int count = 0; count < 1000; ++count) blocks.push_back(BlockPool::allocate(100));
    }};
    maker.join();
    std::thread freer{[&] {
      for (const auto& block : blocks) BlockPool::free(block.memory, block.size_class);
    }};
    freer.join();
  }
}

BOOST_AUTO_TEST_SUITE_END()
