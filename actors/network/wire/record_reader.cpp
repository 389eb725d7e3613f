#include "record_reader.hpp"

#include <algorithm>
#include <cstring>

#include "myelin/network/limits.hpp"

namespace myelin::network {

static_assert(limits::kSlabBytes >= limits::kRecordBytesMax + kRecordHeaderBytes, "a record fits the slab");

namespace {

// So much of what is behind a part goes through the slab: the next part's header, and little of its bytes, which would
// be copied once more. In a profile of 1 MiB frames, read by whole slabs, that copying took nearly as long as the
// kernel's.
constexpr std::size_t kBehindPartBytes = 512;

}  // namespace

Room RecordReader::room() {
  if (slab_ == nullptr) slab_ = std::make_unique_for_overwrite<std::byte[]>(limits::kSlabBytes);
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (limits::kSlabBytes - end_ < limits::kSlabBytes / 4 || end_ == limits::kSlabBytes) {
    std::memmove(slab_.get(), slab_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::span<std::byte> rest{slab_.get() + end_, limits::kSlabBytes - end_};
  if (!direct_.empty()) return {direct_, rest.first(kBehindPartBytes)};
  return {behind_part_ && begin_ == end_ ? rest.first(kBehindPartBytes) : rest};
}

Result<void> RecordReader::received(std::size_t count) {
  behind_part_ = false;
  if (!direct_.empty()) {
    const std::size_t taken = std::min(count, direct_.size());
    direct_ = direct_.subspan(taken);
    count -= taken;
    if (!direct_.empty()) return {};
    if (Result<void> done = sink_.on_part_complete(part_); !done) return done;
    behind_part_ = true;
  }
  end_ += count;
  return read_records();
}

Result<void> RecordReader::read_records() {
  while (end_ - begin_ >= kRecordHeaderBytes) {
    RecordHeader header;
    std::memcpy(&header, slab_.get() + begin_, sizeof header);
    if (Result<void> checked = check(header); !checked) return checked;
    const std::size_t here = end_ - begin_ - kRecordHeaderBytes;
    const std::byte* payload = slab_.get() + begin_ + kRecordHeaderBytes;
    if (header.kind == RecordKind::part) {
      Result<std::span<std::byte>> place = sink_.on_part(header);
      if (!place) return tl::unexpected{std::move(place).error()};
      const std::size_t taken = std::min<std::size_t>(here, header.bytes);
      if (taken != 0) std::memcpy(place->data(), payload, taken);
      begin_ += kRecordHeaderBytes + taken;
      if (taken < header.bytes) {
        part_ = header;
        direct_ = place->subspan(taken);
        return {};
      }
      if (Result<void> done = sink_.on_part_complete(header); !done) return done;
      continue;
    }
    if (here < header.bytes) return {};
    begin_ += kRecordHeaderBytes + header.bytes;
    if (Result<void> done = sink_.on_record(header, {payload, header.bytes}); !done) return done;
  }
  return {};
}

}  // namespace myelin::network
