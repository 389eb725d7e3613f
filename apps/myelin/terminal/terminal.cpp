#include "terminal/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string>

namespace myelin::tool {

namespace {

int columns_of(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

bool locale_is_utf8(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    auto value = environment.get(name);
    if (!value) continue;
    std::transform(value->begin(), value->end(), value->begin(), [](unsigned char c) { return std::tolower(c); });
    return value->find("utf-8") != std::string::npos || value->find("utf8") != std::string::npos;
  }
  return false;
}

Terminal Terminal::of_process(const Environment& environment) {
  const bool smart = environment.get("TERM").value_or("dumb") != "dumb";
  Terminal terminal;
  terminal.out = stdout;
  terminal.err = stderr;
  terminal.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  terminal.err_is_live = smart && isatty(STDERR_FILENO) == 1;
  terminal.out_style.utf8 = locale_is_utf8(environment);
  terminal.out_style.colour = smart && isatty(STDOUT_FILENO) == 1 && !environment.get("NO_COLOR");
  terminal.err_columns = columns_of(STDERR_FILENO);
  return terminal;
}

std::size_t display_width(std::string_view text) {
  const auto starts_code_point = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

}  // namespace myelin::tool
