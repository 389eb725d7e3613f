/// What a shared library with agents was built with and for: plain data, read from its file before any of it runs.
#pragma once

#include <cstdint>
#include <string>

#include <capnp/common.h>

#include "myelin/actors/agent.hpp"
#include "myelin/base/version.hpp"

namespace myelin::plugin {

/// Raised with every change of what crosses between a program and its plugins that a size does not show.
inline constexpr std::uint32_t kPluginAbi = 2;

/// The section of the library's file that holds the stamps, one a source.
#define MYELIN_PLUGIN_SECTION ".myelin.plugin"

/// No pointers, so that it can be read without the library being loaded; magic and bytes never move.
struct Stamp {
  char magic[8] = {'M', 'Y', 'E', 'L', 'P', 'L', 'U', 'G'};
  std::uint32_t bytes = sizeof(Stamp);
  std::uint32_t abi = kPluginAbi;
  char myelin_version[24] = MYELIN_VERSION_STRING;
  char caf_version[16] = MYELIN_CAF_VERSION_STRING;
  char sanitizers[8] = {};
  std::uint32_t capnp_version = CAPNP_VERSION;
  std::uint32_t compiler_abi = __GXX_ABI_VERSION;
  std::uint32_t library_abi = 0;  ///< Of std::string, and whether containers have checks.
  // Sizes of what crosses: they differ between builds that differ where it counts.
  std::uint32_t agent_bytes = sizeof(Agent);
  std::uint32_t agent_class_bytes = sizeof(AgentClass);
  std::uint32_t handler_bytes = sizeof(Handler);
  std::uint32_t frame_block_bytes = sizeof(FrameBlock);
  std::uint32_t spawn_options_bytes = sizeof(SpawnOptions);
  std::uint32_t string_bytes = sizeof(std::string);
  std::uint32_t pooled = 0;  ///< Whether frames come from the pool of blocks.

  constexpr Stamp() {
#if defined(__SANITIZE_ADDRESS__)
    sanitizers[0] = 'a';
#endif
#if defined(__SANITIZE_THREAD__)
    sanitizers[0] = 't';
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    sanitizers[0] = 'a';
#elif __has_feature(thread_sanitizer)
    sanitizers[0] = 't';
#endif
#endif
#if defined(_GLIBCXX_USE_CXX11_ABI)
    library_abi = _GLIBCXX_USE_CXX11_ABI;
#endif
#if defined(_GLIBCXX_DEBUG)
    library_abi |= 2;
#endif
#if !defined(MYELIN_NO_BLOCK_POOL)
    pooled = 1;
#endif
  }
};

}  // namespace myelin::plugin
