/// What is in a log record, in words.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/log_record.hpp"
#include "protocol/log_format.hpp"

namespace myelin::consensus {

[[nodiscard]] log_format::Kind kind_of(const LogRecord& record) noexcept;

/// Puts a record's content behind `bytes`.
void append_content(const LogRecord& record, std::vector<std::byte>& bytes);

/// How many bytes of a content, from its front, the record's check covers: all but a vertex's payload, for the header
/// vouches for that, and hashing it is most of the cost of a log.
[[nodiscard]] std::size_t checked_content_bytes(log_format::Kind kind, std::span<const std::byte> content) noexcept;

/// What is wrong with a content.
struct ContentFlaw {
  std::string what;         ///< In words for people.
  bool in_payload = false;  ///< Where the record's check does not reach.
};

/// **Requires**: the record's check is right. **Errors**: see ContentFlaw.
[[nodiscard]] tl::expected<LogRecord, ContentFlaw> read_content(log_format::Kind kind,
                                                                std::span<const std::byte> content,
                                                                const Committee& committee);

}  // namespace myelin::consensus
