#include "terminal/progress.hpp"

#include <algorithm>

namespace myelin::tool {

namespace {

/// The text's first `columns` code points: a live line that wraps cannot be rewritten.
std::string_view clipped(std::string_view text, std::size_t columns) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_code_point = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts_code_point && ++width > columns) return text.substr(0, i);
  }
  return text;
}

void put(std::FILE* stream, std::string_view text) { std::fwrite(text.data(), 1, text.size(), stream); }

constexpr std::string_view kEraseLine = "\r\x1b[K";

}  // namespace

Progress::Progress(const Terminal& terminal, bool quiet, std::function<Clock::time_point()> now)
    : stream_{terminal.err},
      live_{terminal.err_is_live},
      quiet_{quiet},
      columns_{static_cast<std::size_t>(std::max(terminal.err_columns - 1, 20))},
      now_{std::move(now)} {}

Progress::~Progress() { clear(); }

void Progress::update(std::string_view text) {
  if (quiet_) return;
  const Clock::time_point now = now_();
  if (written_ && now - last_ < (live_ ? kLiveInterval : kPlainInterval)) return;
  written_ = true;
  last_ = now;
  if (live_) {
    put(stream_, kEraseLine);
    put(stream_, clipped(text, columns_));
    line_is_open_ = true;
  } else {
    put(stream_, text);
    put(stream_, "\n");
  }
  std::fflush(stream_);
}

void Progress::note(std::string_view text) {
  if (quiet_) return;
  clear();
  put(stream_, text);
  put(stream_, "\n");
  std::fflush(stream_);
}

void Progress::clear() {
  if (!line_is_open_) return;
  put(stream_, kEraseLine);
  std::fflush(stream_);
  line_is_open_ = false;
  written_ = false;
}

}  // namespace myelin::tool
