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

/// **Errors**: what is wrong with it, in words for people.
[[nodiscard]] tl::expected<LogRecord, std::string> read_content(log_format::Kind kind,
                                                                std::span<const std::byte> content,
                                                                const Committee& committee);

}  // namespace myelin::consensus
