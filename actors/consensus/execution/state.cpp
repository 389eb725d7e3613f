#include "execution/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>

#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

namespace {

// A session's key: the client, highest byte first, and the batch's place in the window.
using SessionKey = std::array<char, 9>;

SessionKey session_key(ClientId client, std::uint64_t place) noexcept {
  SessionKey key;
  for (unsigned i = 0; i < 8; ++i) key[i] = static_cast<char>(client >> (56 - 8 * i));
  key[8] = static_cast<char>(place);
  return key;
}

std::string_view text_of(const SessionKey& key) noexcept { return {key.data(), key.size()}; }

// Its cell: the sequence as the number, the commit's time as the expiry, the client as the holder; the bytes are a mark
// whether the replies were cut, the batch's digest, and the replies.
constexpr char kWhole = 0;
constexpr char kCut = 1;
constexpr std::size_t kBeforeReplies = 1 + sizeof(Digest::bytes);

constexpr std::string_view kMagic = "MYSTATE3";

class Writer {
 public:
  template <class T>
  void number(T value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
  }
  void raw(std::string_view text) {
    const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), bytes, bytes + text.size());
  }
  void text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    raw(text);
  }
  void table(const StateTable& table) {
    std::vector<const StateTable::Entry*> entries = table.entries();
    std::ranges::sort(entries, {}, [](const StateTable::Entry* entry) { return std::string_view{entry->key}; });
    number(static_cast<std::uint64_t>(entries.size()));
    for (const StateTable::Entry* entry : entries) {
      text(entry->key);
      number(static_cast<std::uint8_t>(entry->kind));
      number(entry->number);
      number(entry->holder);
      number(entry->expires);
      text(entry->bytes);
    }
  }
  [[nodiscard]] std::vector<std::byte> finish() && { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) noexcept : bytes_{bytes} {}

  [[nodiscard]] std::string_view raw(std::size_t size) noexcept {
    good_ = good_ && size <= bytes_.size() - at_;
    if (!good_) return {};
    const std::string_view text{reinterpret_cast<const char*>(bytes_.data()) + at_, size};
    at_ += size;
    return text;
  }
  template <class T>
  [[nodiscard]] T number() noexcept {
    T value{};
    const std::string_view bytes = raw(sizeof value);
    if (good_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  [[nodiscard]] std::string_view text(std::size_t bytes_max) noexcept {
    const auto size = number<std::uint32_t>();
    good_ = good_ && size <= bytes_max;
    return good_ ? raw(size) : std::string_view{};
  }
  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return at_ == bytes_.size(); }
  [[nodiscard]] tl::unexpected<Error> error(std::string_view what) const {
    return fail(Errc::corrupt_file,
                fmt::format("a snapshot of the state: {}, at byte {} of {}", what, at_, bytes_.size()));
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

// Whether the fields that the kind does not use are zero: each cell has one encoding.
bool is_canonical(const Cell& cell) noexcept {
  switch (cell.kind) {
    case ValueKind::absent: return false;
    case ValueKind::bytes: return cell.number == 0 && cell.holder == 0;
    case ValueKind::number: return cell.holder == 0 && cell.expires == 0 && cell.bytes.empty();
    case ValueKind::lease: return cell.bytes.empty() && cell.expires != 0;
  }
  return false;
}

bool is_session(std::string_view key, const Cell& cell) noexcept {
  if (cell.kind != ValueKind::bytes || cell.bytes.size() < kBeforeReplies) return false;
  const auto place = static_cast<std::uint64_t>(cell.number) % limits::kSessionWindow;
  return key == text_of(session_key(cell.holder, place)) && (cell.bytes[0] == kWhole || cell.bytes[0] == kCut);
}

// Calls `add(key, cell)` for each entry, in order.
template <class Add>
Result<void> read_table(Reader& reader, std::size_t value_bytes_max, Add add) {
  const auto count = reader.number<std::uint64_t>();
  std::string_view before;
  for (std::uint64_t i = 0; i < count && reader.good(); ++i) {
    const std::string_view key = reader.text(limits::kKeyBytesMax);
    Cell cell;
    const auto kind = reader.number<std::uint8_t>();
    cell.number = reader.number<std::int64_t>();
    cell.holder = reader.number<ClientId>();
    cell.expires = reader.number<WallTime>();
    cell.bytes = reader.text(value_bytes_max);
    if (!reader.good()) break;
    if (kind > static_cast<std::uint8_t>(ValueKind::lease)) return reader.error("a value of an unknown kind");
    cell.kind = static_cast<ValueKind>(kind);
    if (key.empty() || (i > 0 && key <= before)) return reader.error("keys out of order");
    before = key;
    if (!add(key, cell)) return reader.error("a value that no transaction makes");
  }
  if (!reader.good()) return reader.error("cut short");
  return {};
}

}  // namespace

std::optional<SessionEntry> State::session(ClientId client, Sequence sequence) const {
  const SessionKey key = session_key(client, sequence % limits::kSessionWindow);
  const StateTable::Entry* entry = sessions_.find(text_of(key));
  if (!entry || entry->kind == ValueKind::absent) return std::nullopt;
  const std::string_view bytes = entry->bytes;
  SessionEntry session{static_cast<Sequence>(entry->number), bytes[0] == kCut, {}, bytes.substr(kBeforeReplies)};
  std::memcpy(session.batch.bytes.data(), bytes.data() + 1, session.batch.bytes.size());
  return session;
}

void State::set_session(ClientId client, const SessionEntry& entry, WallTime now) {
  std::string bytes;
  bytes.reserve(kBeforeReplies + entry.replies.size());
  bytes += entry.is_cut ? kCut : kWhole;
  bytes.append(reinterpret_cast<const char*>(entry.batch.bytes.data()), entry.batch.bytes.size());
  bytes += entry.replies;
  const SessionKey key = session_key(client, entry.sequence % limits::kSessionWindow);
  sessions_.set(text_of(key), {ValueKind::bytes, static_cast<std::int64_t>(entry.sequence), client, now, bytes});
  note_client(client, now);
}

void State::note_client(ClientId client, WallTime now) {
  WallTime& last = clients_.try_emplace(client, now).first->second;
  last = std::max(last, now);
}

void State::forget_idle(WallTime now) {
  const WallTime latest = now < std::numeric_limits<WallTime>::min() + limits::kSessionIdle
                              ? std::numeric_limits<WallTime>::min()
                              : now - limits::kSessionIdle;
  if (oldest_ > latest) return;
  WallTime oldest = std::numeric_limits<WallTime>::max();
  for (auto client = clients_.begin(); client != clients_.end();) {
    if (client->second > latest) {
      oldest = std::min(oldest, client->second);
      ++client;
      continue;
    }
    for (std::uint64_t place = 0; place < limits::kSessionWindow; ++place) {
      sessions_.set(text_of(session_key(client->first, place)), {});
    }
    client = clients_.erase(client);
  }
  oldest_ = oldest;
}

Digest State::root(Workers* workers) {
  Hasher hasher{Domain::state_root};
  hasher.add(epoch).add(static_cast<std::uint64_t>(time)).add(std::uint64_t{next_validators.size()});
  for (const PublicKey& key : next_validators) hasher.add(std::as_bytes(std::span{key.bytes}));
  return hasher.add(cells.root(workers)).add(sessions_.root(workers)).finish();
}

std::vector<std::byte> State::encode() const {
  Writer writer;
  writer.raw(kMagic);
  writer.number(epoch);
  writer.number(time);
  writer.number(static_cast<std::uint32_t>(next_validators.size()));
  for (const PublicKey& key : next_validators) {
    writer.raw({reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()});
  }
  writer.table(cells);
  writer.table(sessions_);
  return std::move(writer).finish();
}

Result<State> State::decode(std::span<const std::byte> bytes, std::uint64_t hash_seed) {
  Reader reader{bytes};
  State state{hash_seed};
  if (reader.raw(kMagic.size()) != kMagic) return reader.error("not one, or of another version");
  state.epoch = reader.number<Epoch>();
  state.time = reader.number<WallTime>();
  const auto validators = reader.number<std::uint32_t>();
  if (validators > limits::kValidatorsMax) return reader.error("a next committee that is too large");
  for (std::uint32_t i = 0; i < validators && reader.good(); ++i) {
    PublicKey& key = state.next_validators.emplace_back();
    const std::string_view raw = reader.raw(key.bytes.size());
    if (reader.good()) std::memcpy(key.bytes.data(), raw.data(), raw.size());
  }
  const auto cells = read_table(reader, limits::kValueBytesMax,
                                [&](std::string_view key, const Cell& cell) { return state.add_cell(key, cell); });
  if (!cells) return tl::unexpected{cells.error()};
  const auto sessions =
      read_table(reader, limits::kSessionReplyBytesMax + kBeforeReplies,
                 [&](std::string_view key, const Cell& cell) { return state.add_session(key, cell); });
  if (!sessions) return tl::unexpected{sessions.error()};
  if (!reader.at_end()) return reader.error("more bytes than it says");
  state.oldest_ = std::numeric_limits<WallTime>::min();
  state.cells.list_ends();
  return state;
}

bool State::add_cell(std::string_view key, const Cell& cell) {
  if (!is_canonical(cell)) return false;
  cells.set(key, cell);
  return true;
}

bool State::add_session(std::string_view key, const Cell& cell) {
  if (!is_session(key, cell)) return false;
  sessions_.set(key, cell);
  note_client(cell.holder, cell.expires);
  return true;
}

Result<State> State::load(const StateFields& fields, StateSource& source, std::uint64_t hash_seed) {
  State state{hash_seed};
  state.epoch = fields.epoch;
  state.next_validators = fields.next_validators;
  state.applied = fields.applied;
  state.time = fields.time;
  std::string_view key;
  Cell cell;
  while (true) {
    const Result<bool> more = source.next_cell(key, cell);
    if (!more) return tl::unexpected{more.error()};
    if (!*more) break;
    const bool fits = !key.empty() && key.size() <= limits::kKeyBytesMax && cell.bytes.size() <= limits::kValueBytesMax;
    if (!fits || !state.add_cell(key, cell)) {
      return fail(Errc::corrupt_file, "a stored state has a value that no transaction makes");
    }
  }
  while (true) {
    const Result<bool> more = source.next_session(key, cell);
    if (!more) return tl::unexpected{more.error()};
    if (!*more) break;
    if (cell.bytes.size() > limits::kSessionReplyBytesMax + kBeforeReplies || !state.add_session(key, cell)) {
      return fail(Errc::corrupt_file, "a stored state has an answer that no batch gets");
    }
  }
  state.oldest_ = std::numeric_limits<WallTime>::min();
  state.cells.list_ends();
  return state;
}

}  // namespace myelin::consensus
