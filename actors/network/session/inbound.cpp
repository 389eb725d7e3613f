#include "inbound.hpp"

#include <utility>

#include <fmt/format.h>

#include "myelin/network/limits.hpp"

namespace myelin::network {

namespace {

Result<void> bad(std::string what) { return fail(Errc::bad_frame, std::move(what)); }

}  // namespace

Result<InboundRoute*> Inbound::route(std::uint32_t number) {
  if (number == 0 || number > routes_.size()) {
    return fail(Errc::bad_frame, fmt::format("route {} has no name", number));
  }
  return routes_[number - 1].get();
}

Result<void> Inbound::on_record(const RecordHeader& header, std::span<const std::byte> payload) {
  switch (header.kind) {
    case RecordKind::hello:
    case RecordKind::refusal: return bad("a greeting after the first");
    case RecordKind::name: {
      if (header.route != routes_.size() + 1) return bad(fmt::format("a name for route {}", header.route));
      if (routes_.size() == limits::kRoutesMax) return bad(fmt::format("more than {} names", limits::kRoutesMax));
      std::string name{reinterpret_cast<const char*>(payload.data()), payload.size()};
      routes_.push_back(std::make_shared<InboundRoute>(session_, header.route, std::move(name)));
      session_->routes->store(routes_.size(), std::memory_order_relaxed);
      return {};
    }
    case RecordKind::message:
    case RecordKind::question:
    case RecordKind::answer:
      if (header.kind != RecordKind::message && header.question == 0) return bad("a question without a number");
      if ((header.flags & kInParts) != 0) return begin_frame(header, payload);
      return take_frame(header, open_foreign(payload, now_), payload.size());
    case RecordKind::failure: {
      Result<Error> error = decode_error(payload);
      if (!error) return tl::unexpected{std::move(error).error()};
      return session_->peer->on_answer(header.question, tl::unexpected{*std::move(error)});
    }
    case RecordKind::cancel: session_->peer->on_cancel(header.question); return {};
    case RecordKind::credit: {
      const Result<Credit> credit = read_value<Credit>(payload);
      if (!credit) return tl::unexpected{credit.error()};
      return session_->peer->on_credit(header.route, static_cast<Lane>(header.lane), *credit);
    }
    case RecordKind::loss: {
      const Result<std::uint64_t> messages = read_value<std::uint64_t>(payload);
      if (!messages) return tl::unexpected{messages.error()};
      const Result<Error> error = decode_error(payload.subspan(sizeof *messages));
      if (!error) return tl::unexpected{error.error()};
      return session_->peer->on_loss(header.route, static_cast<Lane>(header.lane), *messages, error->code);
    }
    case RecordKind::ping: send_credit(); return {};
    case RecordKind::part: break;
  }
  return bad("a part out of place");
}

/// Makes room for a frame whose body comes in parts.
Result<void> Inbound::begin_frame(const RecordHeader& header, std::span<const std::byte> payload) {
  InParts& lane = in_parts_[header.lane];
  if (lane.left != 0) return bad(fmt::format("two frames in parts at once in lane {}", header.lane));
  const Result<std::uint64_t> total = read_value<std::uint64_t>(payload);
  if (!total) return tl::unexpected{total.error()};
  const std::span<const std::byte> head = payload.subspan(sizeof *total);
  if (*total <= limits::kPartBytes || *total > ::myelin::limits::kForeignFrameBytesMax) {
    return fail(Errc::frame_too_large, fmt::format("a frame of {} bytes in parts", *total));
  }
  if (header.kind != RecordKind::answer) {
    if (const Result<InboundRoute*> known = route(header.route); !known) return tl::unexpected{known.error()};
  }
  lane.record = header;
  lane.total = *total;
  lane.offset = 0;
  lane.left = *total - head.size();
  lane.refused.reset();
  lane.frame.reset();
  Result<ForeignFrame> frame = ForeignFrame::begin(head, *total, now_);
  if (frame && frame->head_bytes() != head.size()) return bad("a frame in parts whose first record is not its head");
  if (frame) {
    lane.frame.emplace(*std::move(frame));
  } else {
    lane.refused = std::move(frame).error();
  }
  return {};
}

Result<std::span<std::byte>> Inbound::on_part(const RecordHeader& header) {
  InParts& lane = in_parts_[header.lane];
  if (header.bytes == 0 || header.bytes > lane.left) {
    return fail(Errc::bad_frame, fmt::format("a part of {} bytes where {} are expected", header.bytes, lane.left));
  }
  if (lane.frame) return lane.frame->body().subspan(lane.offset, header.bytes);
  thrown_away_.resize(header.bytes);
  return std::span<std::byte>{thrown_away_};
}

Result<void> Inbound::on_part_complete(const RecordHeader& header) {
  InParts& lane = in_parts_[header.lane];
  lane.offset += header.bytes;
  lane.left -= header.bytes;
  if (lane.left != 0) return {};
  Result<Frame> frame = lane.frame ? std::move(*lane.frame).finish() : Result<Frame>{tl::unexpected{*lane.refused}};
  lane.frame.reset();
  return take_frame(lane.record, std::move(frame), lane.total);
}

Result<void> Inbound::take_frame(const RecordHeader& header, Result<Frame> frame, std::size_t bytes) {
  const auto lane = static_cast<Lane>(header.lane);
  if (frame && frame->lane() != lane) return bad("a frame in another lane than it says");
  if (header.kind == RecordKind::answer) return session_->peer->on_answer(header.question, std::move(frame));
  const Result<InboundRoute*> to = route(header.route);
  if (!to) return tl::unexpected{to.error()};
  const std::uint32_t question = header.kind == RecordKind::question ? header.question : 0;
  if (!frame) return (*to)->take_unreadable(lane, question, bytes, frame.error());
  return (*to)->take(*std::move(frame), question, bytes);
}

void Inbound::send_credit() noexcept {
  for (const auto& one : routes_) one->send_credit();
}

}  // namespace myelin::network
