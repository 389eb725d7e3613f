#include "myelin/operation/log_book.hpp"

#include <algorithm>

namespace myelin::operation {

void LogBook::add(std::string_view line) {
  const std::lock_guard guard{mutex_};
  if (lines_.size() == kLinesMax) lines_.pop_front();
  lines_.emplace_back(line.substr(0, kLineBytesMax));
  ++last_;
}

LogBook::Page LogBook::read(std::uint64_t after, std::size_t lines_max) const {
  const std::lock_guard guard{mutex_};
  Page page;
  page.last = std::min(after, last_);
  const std::uint64_t before_first = last_ - lines_.size();
  page.is_cut = after < before_first;
  const std::uint64_t skipped = page.is_cut ? 0 : page.last - before_first;
  const std::size_t count = std::min({lines_max, kPageLinesMax, lines_.size() - static_cast<std::size_t>(skipped)});
  const auto first = lines_.begin() + static_cast<std::ptrdiff_t>(skipped);
  page.lines.assign(first, first + static_cast<std::ptrdiff_t>(count));
  if (count != 0) page.last = before_first + skipped + count;
  return page;
}

}  // namespace myelin::operation
