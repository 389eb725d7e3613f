#include "record.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "myelin/network/limits.hpp"

namespace myelin::network {

namespace {

std::size_t longest(RecordKind kind) noexcept {
  switch (kind) {
    case RecordKind::hello:
    case RecordKind::refusal: return limits::kGreetingBytesMax;
    case RecordKind::name: return limits::kNameBytesMax;
    case RecordKind::message:
    case RecordKind::question:
    case RecordKind::answer: return limits::kRecordBytesMax;
    case RecordKind::part: return limits::kPartBytes;
    case RecordKind::failure: return sizeof(std::uint16_t) + limits::kErrorBytesMax;
    case RecordKind::loss: return sizeof(std::uint64_t) + sizeof(std::uint16_t) + limits::kErrorBytesMax;
    case RecordKind::credit: return sizeof(Credit);
    case RecordKind::cancel:
    case RecordKind::ping: return 0;
  }
  return 0;
}

}  // namespace

Result<void> check(const RecordHeader& header) {
  if (header.kind < RecordKind::hello || header.kind > RecordKind::ping) {
    return fail(Errc::bad_frame, fmt::format("a record of kind {}", static_cast<unsigned>(header.kind)));
  }
  if (header.lane >= kLanes) return fail(Errc::bad_frame, fmt::format("a record of lane {}", header.lane));
  if (header.flags != 0 && (header.flags != kInParts || !holds_frame(header.kind))) {
    return fail(Errc::bad_frame, fmt::format("a record with the flags {:#x}", header.flags));
  }
  if (header.bytes > longest(header.kind)) {
    return fail(Errc::frame_too_large,
                fmt::format("a record of kind {} with {} bytes; it has {} at most", static_cast<unsigned>(header.kind),
                            header.bytes, longest(header.kind)));
  }
  return {};
}

std::string encode_error(const Error& error) {
  const auto code = static_cast<std::uint16_t>(error.code);
  std::string bytes(sizeof code, '\0');
  std::memcpy(bytes.data(), &code, sizeof code);
  bytes.append(error.message, 0, limits::kErrorBytesMax);
  return bytes;
}

Result<Error> decode_error(std::span<const std::byte> bytes) {
  const auto code = read_value<std::uint16_t>(bytes);
  if (!code) return tl::unexpected{code.error()};
  Error error{static_cast<Errc>(*code), {}};
  if (to_string(error.code) == "unknown") error.code = Errc::handler_failed;
  const std::span<const std::byte> text = bytes.subspan(sizeof *code);
  error.message.assign(reinterpret_cast<const char*>(text.data()), text.size());
  // It may be shown on a terminal.
  std::ranges::replace_if(
      error.message, [](char letter) { return static_cast<unsigned char>(letter) < ' '; }, ' ');
  return error;
}

}  // namespace myelin::network
