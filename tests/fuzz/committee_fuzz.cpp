// Any text as a committee file: refused with a reason, or read; and what was read can be written, and says the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "myelin/validator/committee_file.hpp"

using namespace myelin::validator;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = parse_committee({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!parsed) {
    require(parsed.error().message.starts_with("'fuzz'"));
    return 0;
  }
  require(committee_of(*parsed).has_value());
  const auto text = format_committee(*parsed);
  require(text.has_value());
  require(parse_committee(*text, "again") == *parsed);
  return 0;
}
