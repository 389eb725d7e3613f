/// A run's results in the shared memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stop_token>
#include <string>

#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"

namespace myelin::digits {

/// What is put, by key; the keys are under the run's name.
using Results = std::map<std::string, std::string>;

struct Recorded {
  std::string directory;       ///< Empty: the memory was this process's own, and ended with it.
  std::size_t validators = 0;  ///< That agreed on it.
  std::string run;             ///< "run0001": the first of this memory.
  std::size_t keys = 0;
  Duration put{
      0};  ///< Until all of it was answered, executed in the order of all changes and, with a directory, on disk.
  Duration read{0};  ///< Until it was read back, in that order too.
};

/// Puts the results under "digits/" and the run's name, reads them back and compares. `directory`: that of a memory,
/// made where there is none; empty: four validators in this process, without files.
/// **Errors**: those of starting validators; timeout, outcome_unknown; cancelled by `stop`; corrupt_file, where it read
/// something else than it put.
[[nodiscard]] Result<Recorded> record(const Results& results, const std::filesystem::path& directory,
                                      const std::stop_token& stop);

}  // namespace myelin::digits
