#include <cassert>

#include "myelin/consensus/limits.hpp"
#include "myelin/consensus/log.hpp"
#include "protocol/log_format.hpp"
#include "protocol/record_content.hpp"

namespace myelin::consensus {

using namespace log_format;

LogWriter::LogWriter(Epoch epoch, const LogSalt& salt)
    : epoch_{epoch}, salt_{salt}, offset_{kHeadBytes}, synced_{kHeadBytes}, last_check_{0} {
  last_check_ = load(head(), kHeadBytes - kWordBytes);
}

std::vector<std::byte> LogWriter::head() const {
  std::vector<std::byte> bytes(kHeadBytes);
  store(bytes, 0, kMagic);
  store(bytes, kWordBytes, kVersion);
  store(bytes, 2 * kWordBytes, epoch_);
  std::memcpy(bytes.data() + 3 * kWordBytes, salt_.bytes.data(), salt_.bytes.size());
  const std::span<const std::byte> checked = std::span{bytes}.first(kHeadBytes - kWordBytes);
  store(bytes, checked.size(), check_of(checked, salt_, 0));
  return bytes;
}

std::vector<std::byte> LogWriter::append(const LogRecord& record) {
  std::vector<std::byte> bytes(kBeforeBytes);
  append_content(record, bytes);
  const std::size_t content_bytes = bytes.size() - kBeforeBytes;
  assert(content_bytes % kWordBytes == 0 && content_bytes <= limits::kLogRecordBytesMax);
  store(bytes, kWordBytes, synced_);
  store(bytes, 2 * kWordBytes, last_check_);
  bytes.resize(bytes.size() + kWordBytes);
  const Opening opening{kind_of(record), content_bytes / kWordBytes, count_zero_sectors(bytes, offset_)};
  store(bytes, 0, encode_opening(opening, salt_, offset_));
  const auto content = std::span{bytes}.subspan(kBeforeBytes, content_bytes);
  const std::size_t checked = kBeforeBytes + checked_content_bytes(opening.kind, content);
  last_check_ = check_of(std::span{bytes}.first(checked), salt_, offset_);
  store(bytes, bytes.size() - kWordBytes, last_check_);
  offset_ += bytes.size();
  return bytes;
}

void LogWriter::synced(std::uint64_t offset) {
  assert(offset <= offset_);
  if (offset > synced_) synced_ = offset;
}

}  // namespace myelin::consensus
