/// What the two output streams can show: whether somebody watches, whether there is colour, whether UTF-8 is
/// understood.
#pragma once

#include <cstdio>
#include <string_view>

#include "process/environment.hpp"

namespace myelin::tool {

/// Which characters and escapes may be used.
struct Style {
  bool utf8 = false;
  bool colour = false;
};

/// The streams of a command. Results go to `out`, everything else to `err`. **Thread-safety**: thread-compatible.
struct Terminal {
  std::FILE* out = nullptr;
  std::FILE* err = nullptr;
  bool out_is_terminal = false;  ///< What is written to `out` is shown, not kept.
  bool err_is_live = false;      ///< A person watches `err`: a line may be rewritten in place.
  Style out_style;
  int err_columns = 80;

  /// Colour needs a terminal, a TERM other than "dumb", and NO_COLOR (no-color.org) unset; UTF-8 is read from LC_ALL,
  /// LC_CTYPE, LANG, the first that is set.
  [[nodiscard]] static Terminal of_process(const Environment& environment);
};

/// Whether the locale that the variables name uses UTF-8.
[[nodiscard]] bool locale_is_utf8(const Environment& environment);

/// How many columns the text takes: one a code point. **Requires**: no combining or double-width characters.
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace myelin::tool
