#include "myelin/serialization/trace_context.hpp"

#include <charconv>

#include <fmt/format.h>

namespace myelin {

namespace {

constexpr std::size_t kLength = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

template <class Number>
Number from_hex(std::string_view digits) {
  Number number{};
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

}  // namespace

std::string to_traceparent(const TraceContext& trace) {
  std::string text = "00-";
  for (const std::byte byte : trace.trace_id) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text + fmt::format("-{:016x}-01", trace.span_id);
}

Result<TraceContext> parse_traceparent(std::string_view text) {
  const auto refuse = [&](const char* why) {
    return fail(Errc::invalid_argument, fmt::format("traceparent '{}': {}", text.substr(0, 2 * kLength), why));
  };
  if (text.size() < kLength) return refuse("too short: version-traceid-spanid-flags has 55 characters");
  const std::string_view version = text.substr(0, 2), trace_id = text.substr(3, 32), span_id = text.substr(36, 16);
  if (!is_lower_hex(version) || version == "ff") return refuse("the version is not two lower-case hexadecimal digits");
  // Later versions may add to the end; this one ends here.
  if (version == "00" ? text.size() != kLength : text.size() > kLength && text[kLength] != '-') {
    return refuse("too long for its version");
  }
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return refuse("the parts are not separated by '-'");
  if (!is_lower_hex(trace_id) || !is_lower_hex(span_id) || !is_lower_hex(text.substr(53, 2))) {
    return refuse("not lower-case hexadecimal");
  }
  TraceContext trace;
  for (std::size_t index = 0; index < trace.trace_id.size(); ++index) {
    trace.trace_id[index] = static_cast<std::byte>(from_hex<unsigned>(trace_id.substr(2 * index, 2)));
  }
  trace.span_id = from_hex<std::uint64_t>(span_id);
  if (!trace.traced()) return refuse("the trace id is all zeros");
  if (trace.span_id == 0) return refuse("the span id is all zeros");
  return trace;
}

}  // namespace myelin
