/// What a Savina program is given to do, and what came of it: the same for every side.
#pragma once

#include <cstddef>
#include <cstdint>

namespace myelin::tool::savina {

/// How large a program is. What `agents` and `messages` count is the program's own matter: program.cpp says it.
struct Work {
  std::uint64_t agents = 0;
  std::uint64_t messages = 0;
  std::size_t workers = 1;  ///< Threads of the scheduler.
};

/// One run's end.
struct Finish {
  double nanoseconds = 0;
  std::uint64_t result = 0;  ///< To be compared with what a plain loop computes (references.hpp).
};

/// Most messages that an agent sends in one go, on either side. Then it sends itself a message, so that receivers keep
/// up: mailboxes have bounds.
inline constexpr std::uint64_t kMessagesAGo = 1000;

}  // namespace myelin::tool::savina
