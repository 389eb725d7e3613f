#include "myelin/serialization/guard.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <fmt/format.h>

#include "myelin/serialization/arena.hpp"
#include "myelin/serialization/flat_struct.hpp"
#include "segments.hpp"
#include "wire_layout.hpp"

namespace myelin {

namespace {

/// The root of a foreign frame under caps that may be tighter than the defaults.
class CappedReader final : public capnp::MessageReader {
 public:
  CappedReader(const Frame& frame, const FrameCaps& caps)
      : capnp::MessageReader{options(frame, caps)}, segments_{frame.segments()} {}
  kj::ArrayPtr<const capnp::word> getSegment(unsigned int id) override {
    if (id >= segments_.size()) return nullptr;
    return {segments_[id].data(), segments_[id].size()};
  }

 private:
  static capnp::ReaderOptions options(const Frame& frame, const FrameCaps& caps) {
    capnp::ReaderOptions options;
    // A message that somebody built is a tree, so one walk meets each word once. Overlapping pointers must not multiply
    // the work; the allowance beyond the bytes there are is for what a walk looks at twice.
    std::uint64_t words = 0;
    for (const Frame::Segment& segment : frame.segments()) words += segment.size();
    options.traversalLimitInWords = std::min<std::uint64_t>(caps.traversal_words_max, 2 * words + 1024);
    options.nestingLimit = caps.nesting_max;
    return options;
  }
  std::span<const Frame::Segment> segments_;
};

/// Whether there is nothing but one struct of numbers, or a list of `items` such structs, within the only segment. Then
/// any schema can be read from it without a check: numbers that it lacks read as their defaults, as do its pointers.
bool holds_numbers_only(const Frame& frame) noexcept {
  constexpr std::uint64_t kKind = 3, kStruct = 0, kList = 1, kInlineComposite = 7;
  if (frame.segments().size() != 1) return false;
  const Frame::Segment words = frame.segments().front();
  if (words.size() < 2) return false;
  const std::uint64_t root = flat::load(words.data());
  const std::int64_t offset = flat::offset_of(root);
  if (offset < 0) return false;
  const std::uint64_t at = 1 + static_cast<std::uint64_t>(offset);
  if (!frame.is_batch()) {
    return (root & kKind) == kStruct && flat::pointers_of(root) == 0 && flat::data_words_of(root) != 0 &&
           at + flat::data_words_of(root) <= words.size();
  }
  const std::uint64_t list_words = root >> 35;
  if ((root & kKind) != kList || ((root >> 32) & 7) != kInlineComposite || at + 1 + list_words > words.size()) {
    return false;
  }
  const std::uint64_t tag = flat::load(words.data() + at);
  const std::uint64_t count = (tag & 0xffff'ffff) >> 2;
  return (tag & kKind) == kStruct && count == frame.size() && flat::pointers_of(tag) == 0 &&
         flat::data_words_of(tag) != 0 && count * flat::data_words_of(tag) <= list_words;
}

/// What of a struct can be wrong: its pointers. Numbers need no check.
struct Pointers {
  std::vector<capnp::StructSchema::Field> fields;  ///< Outside of the union, or groups that have some.
  bool in_union = false;                           ///< Some member of the union has one.

  [[nodiscard]] bool empty() const noexcept { return fields.empty() && !in_union; }
};

const Pointers& pointers_of(capnp::StructSchema schema);

bool is_pointer(capnp::StructSchema::Field field) {
  switch (field.getType().which()) {
    case capnp::schema::Type::VOID:
    case capnp::schema::Type::BOOL:
    case capnp::schema::Type::INT8:
    case capnp::schema::Type::INT16:
    case capnp::schema::Type::INT32:
    case capnp::schema::Type::INT64:
    case capnp::schema::Type::UINT8:
    case capnp::schema::Type::UINT16:
    case capnp::schema::Type::UINT32:
    case capnp::schema::Type::UINT64:
    case capnp::schema::Type::FLOAT32:
    case capnp::schema::Type::FLOAT64:
    case capnp::schema::Type::ENUM: return false;
    case capnp::schema::Type::STRUCT:
      return !field.getProto().isGroup() || !pointers_of(field.getType().asStruct()).empty();
    default: return true;
  }
}

/// Looked up once a schema and thread: finding out costs more than a message.
const Pointers& pointers_of(capnp::StructSchema schema) {
  struct Hash {
    std::size_t operator()(const capnp::StructSchema& one) const { return one.hashCode(); }
  };
  static thread_local std::unordered_map<capnp::StructSchema, std::unique_ptr<const Pointers>, Hash> known;
  if (const auto found = known.find(schema); found != known.end()) return *found->second;
  auto pointers = std::make_unique<Pointers>();
  for (const capnp::StructSchema::Field field : schema.getNonUnionFields()) {
    if (is_pointer(field)) pointers->fields.push_back(field);
  }
  for (const capnp::StructSchema::Field field : schema.getUnionFields()) {
    pointers->in_union = pointers->in_union || is_pointer(field);
  }
  return *known.emplace(schema, std::move(pointers)).first->second;
}

/// Follows every pointer, so that whatever cannot be read as its schema says throws here and not in a handler.
class SchemaWalk {
 public:
  void visit_struct(const capnp::DynamicStruct::Reader& value) { visit_struct(value, pointers_of(value.getSchema())); }
  void visit_structs(const capnp::DynamicList::Reader& list, capnp::StructSchema schema) {
    const Pointers& pointers = pointers_of(schema);
    if (pointers.empty()) return;  // getting the list has checked that these are structs
    for (const auto item : list) visit_struct(item.as<capnp::DynamicStruct>(), pointers);
  }

 private:
  void visit_struct(const capnp::DynamicStruct::Reader& value, const Pointers& pointers) {
    for (const capnp::StructSchema::Field field : pointers.fields) visit_field(value, field);
    if (!pointers.in_union) return;
    KJ_IF_MAYBE (active, value.which()) {
      visit_field(value, *active);
    }
  }
  void visit_field(const capnp::DynamicStruct::Reader& value, capnp::StructSchema::Field field) {
    field_ = field.getProto().getName().cStr();
    // An absent struct reads as its default, whose structs are absent too, without end.
    if (!value.has(field)) return;
    visit_value(value.get(field));
  }
  void visit_value(const capnp::DynamicValue::Reader& value) {
    switch (value.getType()) {
      case capnp::DynamicValue::LIST: visit_list(value.as<capnp::DynamicList>()); break;
      case capnp::DynamicValue::STRUCT: visit_struct(value.as<capnp::DynamicStruct>()); break;
      default: break;  // Numbers need no check; text, data and enums were checked by getting them.
    }
  }

  void visit_list(const capnp::DynamicList::Reader& list) {
    switch (list.getSchema().whichElementType()) {
      case capnp::schema::Type::STRUCT: visit_structs(list, list.getSchema().getStructElementType()); break;
      case capnp::schema::Type::LIST:
      case capnp::schema::Type::TEXT:
      case capnp::schema::Type::DATA:
        for (const auto item : list) visit_value(item);
        break;
      default: break;  // Numbers: getting the list has checked its size, and a walk would cost far more than its bytes.
    }
  }

 public:
  [[nodiscard]] const char* field() const noexcept { return field_; }

 private:
  const char* field_ = "(root)";
};

}  // namespace

Result<ForeignFrame> ForeignFrame::begin(std::span<const std::byte> bytes, std::size_t total, TimePoint now,
                                         const FrameCaps& caps) {
  wire::Header head;
  if (total > caps.bytes_max) {
    return fail(Errc::frame_too_large, fmt::format("frame of {} bytes; the cap is {}", total, caps.bytes_max));
  }
  if (bytes.size() < sizeof head) {
    return fail(Errc::bad_frame, fmt::format("{} bytes are too few for the {}-byte header", bytes.size(), sizeof head));
  }
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.magic != kWireMagic) {
    return fail(Errc::bad_frame, fmt::format("starts with {:#010x}, not with the mark of a frame", head.magic));
  }
  if (head.version != kWireVersion) {
    return fail(Errc::unsupported_version,
                fmt::format("frame format {}; this build reads {}", head.version, kWireVersion));
  }
  if (head.lane >= kLanes) return fail(Errc::bad_frame, fmt::format("lane {}; there are {}", head.lane, kLanes));
  if ((head.flags & ~(wire::kBatch | wire::kCalled)) != 0) {
    return fail(Errc::bad_frame, fmt::format("unknown flags {:#x}", head.flags));
  }
  if (head.segments == 0) return fail(Errc::bad_frame, "no segments");
  if (head.segments > caps.segments_max) {
    return fail(Errc::frame_too_large, fmt::format("{} segments; the cap is {}", head.segments, caps.segments_max));
  }
  const bool batch = (head.flags & wire::kBatch) != 0;
  if (batch ? head.items == 0 || head.items > limits::kBatchItemsMax : head.items != 1) {
    return fail(Errc::bad_frame, fmt::format("{} messages in a {}", head.items, batch ? "batch" : "single frame"));
  }

  CallChain callers;
  if ((head.flags & wire::kCalled) != 0) {
    std::uint64_t count = 0;
    if (bytes.size() < sizeof head + sizeof count) return fail(Errc::bad_frame, "ends before its call chain");
    std::memcpy(&count, bytes.data() + sizeof head, sizeof count);
    if (count == 0 || count > limits::kCallDepthMax) {
      return fail(Errc::bad_frame,
                  fmt::format("a call chain of {} agents; it has 1 to {}", count, limits::kCallDepthMax));
    }
    if (bytes.size() < sizeof head + wire::chain_bytes(count))
      return fail(Errc::bad_frame, "ends within its call chain");
    callers.size = count;
    std::memcpy(callers.agents.data(), bytes.data() + sizeof head + sizeof count, count * sizeof(AgentKey));
  }
  const std::size_t table_at = sizeof head + wire::chain_bytes(callers.size);
  const std::size_t body_at = table_at + wire::table_bytes(head.segments);
  if (bytes.size() < body_at) {
    return fail(Errc::bad_frame,
                fmt::format("{} bytes end within the table of {} segments", bytes.size(), head.segments));
  }
  const auto size_of = [table = bytes.data() + table_at](std::uint32_t segment) {
    std::uint32_t segment_words = 0;
    std::memcpy(&segment_words, table + segment * sizeof segment_words, sizeof segment_words);
    return segment_words;
  };
  std::uint64_t words = 0;
  for (std::uint32_t segment = 0; segment < head.segments; ++segment) words += size_of(segment);  // cannot overflow
  if (total < body_at || words * sizeof(capnp::word) != total - body_at) {
    const std::size_t body_bytes = total < body_at ? 0 : total - body_at;
    return fail(Errc::bad_frame, fmt::format("segments of {} bytes in all, but {} bytes follow",
                                             words * sizeof(capnp::word), body_bytes));
  }

  FrameHeader header{.sender = head.sender,
                     .correlation = head.correlation,
                     .trace = {.trace_id = head.trace_id, .span_id = head.span_id},
                     .lane = static_cast<Lane>(head.lane),
                     .callers = callers.size == 0 ? nullptr : &callers};
  if (head.remaining_ns != wire::kNoDeadline) {
    // A hostile remainder must not overflow: beyond a century it is no deadline, and one that has passed has passed.
    constexpr std::int64_t kCentury = std::int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;
    if (head.remaining_ns < kCentury) {
      header.deadline = now + Duration{head.remaining_ns < 0 ? 0 : head.remaining_ns};
    }
  }

  std::span<capnp::word> room;
  FrameBlock* block = FrameBlock::create(head.type, header, words, room);
  Frame frame = Frame::adopt(block);
  block->flags |= FrameBlock::kForeign | (batch ? FrameBlock::kBatch : 0);
  block->items = head.items;
  block->only = room.first(size_of(0));
  if (head.segments > 1) {
    block->more = new FrameBlock::Segments;
    block->more->all.reserve(head.segments);
    std::size_t at = 0;
    for (std::uint32_t segment = 0; segment < head.segments; ++segment) {
      block->more->all.emplace_back(room.data() + at, size_of(segment));
      at += size_of(segment);
    }
  }
  return ForeignFrame{std::move(frame), body_at, std::as_writable_bytes(room.first(words))};
}

Result<Frame> ForeignFrame::finish(const FrameCaps& caps) && {
  if (holds_numbers_only(frame_)) {
    FrameBlock* block = frame_.release();
    block->flags |= FrameBlock::kFlat;
    return Frame::adopt(block);
  }
  const Result<void> sound = guarded([&] {
    CappedReader reader{frame_, caps};
    // Follows every pointer, whatever the schema, within the limits.
    static_cast<void>(reader.getRoot<capnp::AnyPointer>().targetSize());
  });
  if (!sound) return tl::unexpected{sound.error()};
  return std::move(frame_);
}

Result<Frame> open_foreign(std::span<const std::byte> bytes, TimePoint now, const FrameCaps& caps) {
  Result<ForeignFrame> frame = ForeignFrame::begin(bytes, bytes.size(), now, caps);
  if (!frame) return tl::unexpected{std::move(frame).error()};
  const std::span<std::byte> body = frame->body();
  if (!body.empty()) std::memcpy(body.data(), bytes.data() + frame->head_bytes(), body.size());
  return std::move(*frame).finish(caps);
}

Result<void> check_schema(const Frame& frame, capnp::StructSchema schema, const FrameCaps& caps) {
  SchemaWalk walk;
  Result<void> sound = guarded([&] {
    CappedReader reader{frame, caps};
    const auto root = reader.getRoot<capnp::AnyPointer>();
    if (frame.is_batch()) {
      const auto list = root.getAs<capnp::DynamicList>(capnp::ListSchema::of(schema));
      KJ_REQUIRE(list.size() == frame.size(), "the batch holds another number of messages than its header says");
      walk.visit_structs(list, schema);
    } else {
      walk.visit_struct(root.getAs<capnp::DynamicStruct>(schema));
    }
  });
  if (!sound) {
    sound.error().message = fmt::format("{}, field '{}': {}", schema.getProto().getDisplayName().cStr(), walk.field(),
                                        sound.error().message);
  }
  return sound;
}

}  // namespace myelin
