#include "myelin/serialization/wire.hpp"

#include <bit>
#include <cstring>

#include "wire_layout.hpp"

namespace myelin {

static_assert(std::endian::native == std::endian::little);

std::vector<std::byte> encode_head(const Frame& frame, TimePoint now) {
  const auto segments = frame.segments();
  const TraceContext trace = frame.trace();
  const std::span<const AgentKey> callers = frame.callers();
  const wire::Header header{
      .magic = kWireMagic,
      .version = kWireVersion,
      .lane = static_cast<std::uint8_t>(frame.lane()),
      .flags = static_cast<std::uint8_t>((frame.is_batch() ? wire::kBatch : 0) | (callers.empty() ? 0 : wire::kCalled)),
      .type = frame.type(),
      .sender = frame.sender(),
      .correlation = frame.correlation(),
      .remaining_ns = frame.deadline() == kNever ? wire::kNoDeadline : Duration{frame.deadline() - now}.count(),
      .trace_id = trace.trace_id,
      .span_id = trace.span_id,
      .items = static_cast<std::uint32_t>(frame.size()),
      .segments = static_cast<std::uint32_t>(segments.size()),
  };
  const std::size_t chain_bytes = wire::chain_bytes(callers.size());
  std::vector<std::byte> bytes(sizeof header + chain_bytes + wire::table_bytes(segments.size()));
  std::memcpy(bytes.data(), &header, sizeof header);
  if (!callers.empty()) {
    const std::uint64_t count = callers.size();
    std::memcpy(bytes.data() + sizeof header, &count, sizeof count);
    std::memcpy(bytes.data() + sizeof header + sizeof count, callers.data(), callers.size_bytes());
  }
  std::byte* entry = bytes.data() + sizeof header + chain_bytes;
  for (const Frame::Segment& segment : segments) {
    const auto words = static_cast<std::uint32_t>(segment.size());
    std::memcpy(entry, &words, sizeof words);
    entry += sizeof words;
  }
  return bytes;
}

std::vector<std::byte> encode(const Frame& frame, TimePoint now) {
  std::vector<std::byte> bytes = encode_head(frame, now);
  bytes.reserve(bytes.size() + frame.payload_bytes());
  for (const Frame::Segment& segment : frame.segments()) {
    const auto* begin = reinterpret_cast<const std::byte*>(segment.data());
    bytes.insert(bytes.end(), begin, begin + segment.size_bytes());
  }
  return bytes;
}

}  // namespace myelin
