#include "myelin/consensus/reply.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "myelin/consensus/execution_limits.hpp"

namespace myelin::consensus {

namespace {

// A reply is one byte, its status. With the first bit its refusal, value and entries follow; with the second they were
// cut.
constexpr std::uint8_t kMore = 0x80;
constexpr std::uint8_t kCut = 0x40;
// Beside the kind of bytes: before them is their end.
constexpr std::uint8_t kEnds = 0x80;

class Writer {
 public:
  template <class T>
  void number(T value) {
    static_assert(std::is_integral_v<T>);
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    text_.append(bytes, sizeof value);
  }
  void text(std::string_view bytes) {
    number(static_cast<std::uint32_t>(bytes.size()));
    text_.append(bytes);
  }
  void value(const Value& value) {
    const bool ends = value.kind == ValueKind::bytes && value.expires != 0;
    number(static_cast<std::uint8_t>(static_cast<std::uint8_t>(value.kind) | (ends ? kEnds : 0)));
    switch (value.kind) {
      case ValueKind::absent: return;
      case ValueKind::bytes:
        if (ends) number(value.expires);
        text(value.bytes);
        return;
      case ValueKind::number: number(value.number); return;
      case ValueKind::lease:
        number(value.holder);
        number(value.expires);
        number(value.token);
        return;
    }
  }
  [[nodiscard]] std::string finish() && { return std::move(text_); }

 private:
  std::string text_;
};

// Reads what a Writer wrote; once anything was wrong, all that follows is zero.
class Reader {
 public:
  explicit Reader(std::string_view bytes) noexcept : left_{bytes} {}

  template <class T>
  T number() noexcept {
    T value{};
    const std::string_view bytes = take(sizeof value);
    if (good_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string text() { return std::string{take(number<std::uint32_t>())}; }
  Value value() {
    Value value;
    const auto first = number<std::uint8_t>();
    const auto kind = static_cast<std::uint8_t>(first & ~kEnds);
    const bool ends = (first & kEnds) != 0;
    good_ = good_ && kind <= static_cast<std::uint8_t>(ValueKind::lease);
    if (!good_) return value;
    value.kind = static_cast<ValueKind>(kind);
    if (ends) value.expires = number<WallTime>();
    good_ = good_ && ends == (value.expires != 0) && (!ends || value.kind == ValueKind::bytes);
    switch (value.kind) {
      case ValueKind::absent: break;
      case ValueKind::bytes: value.bytes = text(); break;
      case ValueKind::number: value.number = number<std::int64_t>(); break;
      case ValueKind::lease:
        value.holder = number<ClientId>();
        value.expires = number<WallTime>();
        value.token = number<std::uint64_t>();
        break;
    }
    return value;
  }
  void require(bool condition) noexcept { good_ = good_ && condition; }
  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

 private:
  std::string_view take(std::size_t bytes) noexcept {
    good_ = good_ && bytes <= left_.size();
    if (!good_) return {};
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }

  std::string_view left_;
  bool good_ = true;
};

}  // namespace

Digest answer_digest(ClientId client, Sequence sequence, const Digest& batch, std::string_view replies) {
  return Hasher{Domain::answer}.add(client).add(sequence).add(batch).add(replies).finish();
}

std::string encode_replies(std::span<const Reply> replies) {
  Writer writer;
  for (const Reply& reply : replies) {
    const auto status = static_cast<std::uint8_t>(static_cast<std::uint8_t>(reply.status) | (reply.is_cut ? kCut : 0));
    const bool has_more =
        reply.refusal != TransactionRefusal::none || reply.value.kind != ValueKind::absent || !reply.entries.empty();
    writer.number(static_cast<std::uint8_t>(has_more ? status | kMore : status));
    if (!has_more) continue;
    writer.number(static_cast<std::uint8_t>(reply.refusal));
    writer.value(reply.value);
    writer.number(static_cast<std::uint16_t>(reply.entries.size()));
    for (const KeyValue& entry : reply.entries) {
      writer.text(entry.key);
      writer.value(entry.value);
    }
  }
  return std::move(writer).finish();
}

std::optional<std::vector<Reply>> decode_replies(std::string_view bytes) {
  std::vector<Reply> replies;
  Reader reader{bytes};
  while (reader.good() && !reader.at_end()) {
    if (replies.size() == limits::kBatchTransactionsMax) return std::nullopt;
    Reply& reply = replies.emplace_back();
    const auto first = reader.number<std::uint8_t>();
    const auto status = static_cast<std::uint8_t>(first & ~(kMore | kCut));
    reader.require(status < kStatuses);
    reply.status = static_cast<Status>(status);
    reply.is_cut = (first & kCut) != 0;
    if (!(first & kMore)) continue;
    const auto refusal = reader.number<std::uint8_t>();
    reader.require(refusal < kTransactionRefusals);
    reply.refusal = static_cast<TransactionRefusal>(refusal);
    reply.value = reader.value();
    const auto entries = reader.number<std::uint16_t>();
    reader.require(entries <= limits::kRangeEntriesMax);
    for (std::size_t i = 0; i < entries && reader.good(); ++i) {
      KeyValue& entry = reply.entries.emplace_back();
      entry.key = reader.text();
      entry.value = reader.value();
    }
  }
  if (!reader.good()) return std::nullopt;
  return replies;
}

std::string_view to_string(Status status) noexcept {
  switch (status) {
    case Status::ok: return "ok";
    case Status::not_found: return "not_found";
    case Status::mismatch: return "mismatch";
    case Status::wrong_type: return "wrong_type";
    case Status::insufficient: return "insufficient";
    case Status::overflow: return "overflow";
    case Status::held: return "held";
    case Status::not_holder: return "not_holder";
    case Status::condition_failed: return "condition_failed";
    case Status::undeclared_key: return "undeclared_key";
    case Status::too_large: return "too_large";
    case Status::state_full: return "state_full";
    case Status::epoch_ending: return "epoch_ending";
    case Status::wrong_epoch: return "wrong_epoch";
    case Status::malformed: return "malformed";
    case Status::not_approved: return "not_approved";
  }
  return "unknown";
}

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::executed: return "executed";
    case Verdict::duplicate: return "duplicate";
    case Verdict::duplicate_cut: return "duplicate_cut";
    case Verdict::stale: return "stale";
    case Verdict::too_many_clients: return "too_many_clients";
    case Verdict::refused: return "refused";
  }
  return "unknown";
}

}  // namespace myelin::consensus
