/// Trace contexts as text, as HTTP and other systems carry them.
#pragma once

#include <string>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin {

/// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01". **Thread-safety**: thread-safe.
/// **Source**: https://www.w3.org/TR/trace-context/#traceparent-header. The flags say "sampled".
[[nodiscard]] std::string to_traceparent(const TraceContext& trace);

/// Back again. **Errors**: invalid_argument for what is no traceparent of a version that this knows how to read.
/// **Thread-safety**: thread-safe.
[[nodiscard]] Result<TraceContext> parse_traceparent(std::string_view text);

}  // namespace myelin
