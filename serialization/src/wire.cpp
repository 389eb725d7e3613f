#include "myelin/serialization/wire.hpp"

#include <bit>
#include <cstring>

#include "wire_layout.hpp"

namespace myelin {

static_assert(std::endian::native == std::endian::little);

std::size_t head_bytes(const Frame& frame) noexcept {
  return sizeof(wire::Header) + wire::chain_bytes(frame.callers().size()) + wire::table_bytes(frame.segments().size());
}

std::vector<std::byte> encode_head(const Frame& frame, TimePoint now) {
  std::vector<std::byte> bytes(head_bytes(frame));
  encode_head(frame, now, bytes.data());
  return bytes;
}

void encode_head(const Frame& frame, TimePoint now, std::byte* to) noexcept {
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
  std::memcpy(to, &header, sizeof header);
  to += sizeof header;
  if (!callers.empty()) {
    const std::uint64_t count = callers.size();
    std::memcpy(to, &count, sizeof count);
    std::memcpy(to + sizeof count, callers.data(), callers.size_bytes());
    to += wire::chain_bytes(callers.size());
  }
  for (const Frame::Segment& segment : segments) {
    const auto words = static_cast<std::uint32_t>(segment.size());
    std::memcpy(to, &words, sizeof words);
    to += sizeof words;
  }
  if (segments.size() % 2 != 0) std::memset(to, 0, sizeof(std::uint32_t));
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
