/// A process that clears up after this one, should it be killed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Destroyed, it is sent away with nothing done. **Thread-safety**: thread-compatible.
class Heir {
 public:
  /// Starts this program with the arguments, as a daemon that says nothing. Its standard input ends when this process
  /// does, however that ends: only then it is to begin. **Errors**: io_error.
  [[nodiscard]] static Result<Heir> appoint(const std::vector<std::string>& arguments);

  Heir(Heir&& other) noexcept : process_{std::exchange(other.process_, 0)}, input_{std::exchange(other.input_, -1)} {}
  Heir& operator=(Heir&&) = delete;
  ~Heir();

 private:
  Heir(pid_t process, int input) : process_{process}, input_{input} {}

  pid_t process_;
  int input_;  ///< The end of the pipe that is written to; nothing ever is.
};

}  // namespace myelin::tool
