#include "burst.hpp"

#include <algorithm>
#include <cstring>

#include "myelin/network/limits.hpp"
#include "myelin/serialization/wire.hpp"

namespace myelin::network {

std::byte* Burst::stage(std::size_t bytes) {
  const std::size_t at = staged_.size();
  staged_.resize(at + bytes);
  if (!pieces_.empty() && pieces_.back().at == nullptr) {
    pieces_.back().bytes += bytes;
  } else {
    pieces_.push_back({nullptr, at, bytes});
  }
  return staged_.data() + at;
}

void Burst::add_header(const RecordHeader& header) { std::memcpy(stage(sizeof header), &header, sizeof header); }

void Burst::add_bytes(const std::byte* bytes, std::size_t count) {
  if (count == 0) return;
  if (count < kGatheredBytesMin) {
    std::memcpy(stage(count), bytes, count);
  } else {
    pieces_.push_back({bytes, 0, count});
  }
}

void Burst::add(std::unique_ptr<Outgoing> record, TimePoint now) {
  RecordHeader header{.kind = record->kind,
                      .lane = static_cast<std::uint8_t>(record->lane),
                      .route = record->route,
                      .question = record->question};
  if (!record->frame) {
    header.bytes = static_cast<std::uint32_t>(record->payload.size());
    add_header(header);
    if (!record->payload.empty()) {
      std::memcpy(stage(record->payload.size()), record->payload.data(), record->payload.size());
    }
    return;
  }
  const Frame& frame = record->frame;
  const std::size_t head = head_bytes(frame);
  const bool in_parts = record->bytes > limits::kPartBytes;
  const std::uint64_t total = record->bytes;
  header.flags = in_parts ? kInParts : 0;
  header.bytes = static_cast<std::uint32_t>(in_parts ? sizeof total + head : total);
  add_header(header);
  if (in_parts) std::memcpy(stage(sizeof total), &total, sizeof total);
  encode_head(frame, now, stage(head));
  if (in_parts) {
    InParts& lane = in_parts_[static_cast<std::size_t>(record->lane)];
    lane = {std::move(record)};
    return;
  }
  bool borrowed = false;
  for (const Frame::Segment& segment : frame.segments()) {
    add_bytes(reinterpret_cast<const std::byte*>(segment.data()), segment.size_bytes());
    borrowed = borrowed || segment.size_bytes() >= kGatheredBytesMin;
  }
  if (borrowed) kept_.push_back(std::move(record));
}

void Burst::add_part(Lane lane, std::size_t bytes) {
  InParts& frame = in_parts_[static_cast<std::size_t>(lane)];
  add_header(
      {.bytes = static_cast<std::uint32_t>(bytes), .kind = RecordKind::part, .lane = static_cast<std::uint8_t>(lane)});
  const std::span<const Frame::Segment> segments = frame.record->frame.segments();
  while (bytes > 0) {
    const Frame::Segment& segment = segments[frame.segment];
    const std::size_t count = std::min(bytes, segment.size_bytes() - frame.offset);
    add_bytes(reinterpret_cast<const std::byte*>(segment.data()) + frame.offset, count);
    bytes -= count;
    frame.offset += count;
    if (frame.offset == segment.size_bytes()) {
      ++frame.segment;
      frame.offset = 0;
    }
  }
  while (frame.segment < segments.size() && segments[frame.segment].empty()) ++frame.segment;
  if (frame.segment == segments.size()) kept_.push_back(std::move(frame.record));
}

std::size_t Burst::gather(std::span<iovec> room) const noexcept {
  std::size_t used = 0;
  for (std::size_t piece = next_; piece < pieces_.size() && used < room.size(); ++piece) {
    const Piece& one = pieces_[piece];
    const std::byte* at = one.at != nullptr ? one.at : staged_.data() + one.offset;
    room[used++] = {const_cast<std::byte*>(at), one.bytes};
  }
  return used;
}

void Burst::take(std::size_t bytes) noexcept {
  while (bytes > 0) {
    Piece& piece = pieces_[next_];
    const std::size_t count = std::min(bytes, piece.bytes);
    if (piece.at != nullptr) {
      piece.at += count;
    } else {
      piece.offset += count;
    }
    piece.bytes -= count;
    bytes -= count;
    if (piece.bytes == 0) ++next_;
  }
}

void Burst::clear() noexcept {
  staged_.clear();
  pieces_.clear();
  kept_.clear();
  next_ = 0;
}

}  // namespace myelin::network
