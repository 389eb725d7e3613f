#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "myelin/consensus/log.hpp"
#include "protocol/log_format.hpp"
#include "protocol/record_content.hpp"

namespace myelin::consensus {

using namespace log_format;

/// Reads one log from its front.
class LogReader {
 public:
  LogReader(std::span<const std::byte> log, const Committee& committee) noexcept
      : log_{log}, committee_{&committee}, writer_{committee.epoch(), {}} {}

  Result<LogContent> read() {
    if (const auto begun = read_head(); !begun) return tl::unexpected{begun.error()};
    if (content_.valid_bytes == 0) return std::move(content_);
    while (const auto record = sound_record(writer_.offset_)) {
      if (record->check_before != writer_.last_check_) break;  // Left over from before the log was cut there.
      auto read = read_content(record->kind, record->content, *committee_);
      if (!read && read.error().in_payload) break;
      if (!read) return damaged(writer_.offset_, fmt::format("it holds {}", read.error().what));
      content_.records.push_back(std::move(*read));
      writer_.last_check_ = record->check;
      writer_.offset_ += record->bytes;
    }
    if (const auto ended = read_end(); !ended) return tl::unexpected{ended.error()};
    content_.valid_bytes = writer_.synced_ = writer_.offset_;
    content_.writer = writer_;
    return std::move(content_);
  }

 private:
  struct SoundRecord {
    Kind kind;
    std::span<const std::byte> content;
    std::size_t bytes;
    std::uint64_t synced;
    std::uint64_t check_before;
    std::uint64_t check;
  };

  tl::unexpected<Error> damaged(std::uint64_t offset, std::string_view why) const {
    return fail(
        Errc::corrupt_file,
        fmt::format("the log is damaged at byte {}: {}. It must not be voted with; the validator needs a new key "
                    "in the next epoch",
                    offset, why));
  }

  [[nodiscard]] std::span<const std::byte> from(std::uint64_t offset) const noexcept { return log_.subspan(offset); }

  Result<void> read_head() {
    if (log_.size() < kHeadBytes || log_[kHeadBytes - 1] == std::byte{0}) {
      // The head is on disk before anything follows it.
      if (log_.size() > kHeadBytes && !is_zero(from(kHeadBytes))) return damaged(0, "it has no head");
      content_.torn = !is_zero(log_);
      return {};
    }
    std::memcpy(writer_.salt_.bytes.data(), log_.data() + 3 * kWordBytes, writer_.salt_.bytes.size());
    writer_.last_check_ = load(log_, kHeadBytes - kWordBytes);
    if (load(log_, 0) != kMagic ||
        writer_.last_check_ != check_of(log_.first(kHeadBytes - kWordBytes), writer_.salt_, 0)) {
      return damaged(0, "its head is not that of a log");
    }
    if (const std::uint64_t version = load(log_, kWordBytes); version != kVersion) {
      return fail(Errc::unsupported_version, fmt::format("log format {}; this build reads {}", version, kVersion));
    }
    if (const Epoch epoch = load(log_, 2 * kWordBytes); epoch != committee_->epoch()) {
      return fail(Errc::corrupt_file,
                  fmt::format("the log is of epoch {}, the committee of epoch {}", epoch, committee_->epoch()));
    }
    content_.valid_bytes = kHeadBytes;
    return {};
  }

  /// The record at `offset`, where there is one and its check is right. A vertex's payload may yet be wrong.
  [[nodiscard]] std::optional<SoundRecord> sound_record(std::uint64_t offset) const noexcept {
    const auto rest = from(offset);
    Opening opening;
    if (rest.size() < kAroundBytes || !decode_opening(load(rest, 0), writer_.salt_, offset, opening)) return {};
    const std::size_t bytes = opening.record_bytes();
    if (bytes > rest.size()) return {};
    const std::uint64_t check = load(rest, bytes - kWordBytes);
    const auto content = rest.subspan(kBeforeBytes, bytes - kAroundBytes);
    const std::size_t checked = kBeforeBytes + checked_content_bytes(opening.kind, content);
    if (check != check_of(rest.first(checked), writer_.salt_, offset)) return {};
    return SoundRecord{.kind = opening.kind,
                       .content = content,
                       .bytes = bytes,
                       .synced = load(rest, kWordBytes),
                       .check_before = load(rest, 2 * kWordBytes),
                       .check = check};
  }

  /// The records end at the writer's offset: with nothing after them, a torn tail, or damage.
  Result<void> read_end() {
    const std::uint64_t end = writer_.offset_;
    if (is_zero(from(end))) return {};
    for (std::uint64_t at = end; at + kAroundBytes <= log_.size(); at += kWordBytes) {
      if (const auto later = sound_record(at); later && later->synced > end) {
        return damaged(end, fmt::format("what was there is lost, and by the record at byte {} it was on disk", at));
      }
    }
    if (!is_torn(end)) return damaged(end, "what is there is no record, and not the beginning of one");
    content_.torn = true;
    return {};
  }

  /// Whether a crash can have made of a record at `offset`, which is bad, what is there.
  [[nodiscard]] bool is_torn(std::uint64_t offset) const noexcept {
    const auto rest = from(offset);
    if (rest.size() < kWordBytes) return true;
    if (rest[kWordBytes - 1] == std::byte{0}) {
      // Not even its first word was written, and so nothing behind it in the same sector.
      const std::size_t in_sector = std::min<std::size_t>(kSectorBytes - offset % kSectorBytes, rest.size());
      return is_zero(rest.subspan(kWordBytes, in_sector - kWordBytes));
    }
    Opening opening;
    if (!decode_opening(load(rest, 0), writer_.salt_, offset, opening)) return false;
    const std::size_t bytes = opening.record_bytes();
    if (bytes > rest.size() || rest[bytes - 1] == std::byte{0}) return true;
    if (count_zero_sectors(rest.first(bytes), offset) > opening.zero_sectors) return true;
    const auto record = sound_record(offset);
    return record && record->check_before != writer_.last_check_;  // Then a cut should have removed it.
  }

  std::span<const std::byte> log_;
  const Committee* committee_;
  LogWriter writer_;
  LogContent content_;
};

Result<LogContent> read_log(std::span<const std::byte> log, const Committee& committee) {
  return LogReader{log, committee}.read();
}

}  // namespace myelin::consensus
