/// The last lines of a node's log, for operators elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::operation {

/// **Thread-safety**: thread-safe.
class LogBook {
 public:
  /// Lines that are kept, and the most bytes of one; what is beyond is cut off.
  static constexpr std::size_t kLinesMax = 10'000;
  static constexpr std::size_t kLineBytesMax = 4'096;
  /// Most lines of a page.
  static constexpr std::size_t kPageLinesMax = 1'000;

  struct Page {
    std::vector<std::string> lines;
    std::uint64_t last = 0;  ///< The number of the last one; lines are numbered from 1.
    bool is_cut = false;     ///< Lines before these are not kept any more.
  };

  void add(std::string_view line);
  /// The oldest lines behind one of that number, at most so many.
  [[nodiscard]] Page read(std::uint64_t after, std::size_t lines_max) const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> lines_;
  std::uint64_t last_ = 0;
};

}  // namespace myelin::operation
