#include "storage/store_format.hpp"

#include <sodium.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "myelin/consensus/limits.hpp"

namespace myelin::validator::store_format {

using namespace consensus;

namespace {

constexpr std::size_t words_up(std::size_t bytes) noexcept { return (bytes + kWord - 1) / kWord * kWord; }

/// A cell's head.
struct Head {
  std::uint8_t kind = 0;
  std::array<std::uint8_t, 3> zeros{};
  std::uint32_t bytes = 0;
  std::int64_t number = 0;
  std::uint64_t holder = 0;
  std::int64_t expires = 0;
};
static_assert(sizeof(Head) == kCellHeadBytes);

constexpr std::size_t kCheckBytes = 16;
using Check = std::array<unsigned char, kCheckBytes>;

Check check_of(std::string_view bytes) noexcept {
  Check check;
  crypto_generichash(check.data(), check.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                     nullptr, 0);
  return check;
}

class Writer {
 public:
  template <class T>
  void number(T value) {
    raw(&value, sizeof value);
  }
  template <class Key>
  void array(const Key& key) {
    raw(key.bytes.data(), key.bytes.size());
  }
  void keys(std::span<const PublicKey> keys) {
    number(static_cast<std::uint32_t>(keys.size()));
    for (const PublicKey& key : keys) array(key);
  }
  [[nodiscard]] std::string finish() && {
    const Check check = check_of(bytes_);
    raw(check.data(), check.size());
    return std::move(bytes_);
  }

 private:
  void raw(const void* from, std::size_t size) { bytes_.append(static_cast<const char*>(from), size); }

  std::string bytes_;
};

class Reader {
 public:
  /// Takes the check off, and holds the rest against it.
  explicit Reader(std::string_view bytes) noexcept {
    if (bytes.size() < kCheckBytes) return;
    bytes_ = bytes.substr(0, bytes.size() - kCheckBytes);
    const Check check = check_of(bytes_);
    good_ = std::memcmp(check.data(), bytes.data() + bytes_.size(), check.size()) == 0;
  }

  template <class T>
  void number(T& value) noexcept {
    raw(&value, sizeof value);
  }
  template <class Key>
  void array(Key& key) noexcept {
    raw(key.bytes.data(), key.bytes.size());
  }
  void keys(std::vector<PublicKey>& keys) {
    std::uint32_t count = 0;
    number(count);
    good_ = good_ && count <= limits::kValidatorsMax;
    for (std::uint32_t i = 0; i < count && good_; ++i) array(keys.emplace_back());
  }
  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool finish() const noexcept { return good_ && bytes_.empty(); }

 private:
  void raw(void* to, std::size_t size) noexcept {
    good_ = good_ && size <= bytes_.size();
    if (!good_) return;
    std::memcpy(to, bytes_.data(), size);
    bytes_.remove_prefix(size);
  }

  std::string_view bytes_;
  bool good_ = false;
};

}  // namespace

StoredKey::StoredKey(std::string_view key) noexcept : size_{words_up(key.size() + 1)} {
  assert(key.size() <= limits::kKeyBytesMax);
  std::memset(bytes_.data() + size_ - kWord, 0, kWord);
  std::memcpy(bytes_.data(), key.data(), key.size());
  bytes_[size_ - 1] = static_cast<char>(size_ - key.size());
}

std::string_view key_of(std::string_view stored) noexcept {
  if (stored.empty()) return stored;
  const std::size_t added = static_cast<unsigned char>(stored.back());
  return stored.substr(0, stored.size() - std::min(added, stored.size()));
}

int compare(const MDB_val* a, const MDB_val* b) noexcept {
  return key_of({static_cast<const char*>(a->mv_data), a->mv_size})
      .compare(key_of({static_cast<const char*>(b->mv_data), b->mv_size}));
}

std::size_t stored_bytes(const Cell& cell) noexcept { return kCellHeadBytes + words_up(cell.bytes.size()); }

void store(const Cell& cell, char* to) noexcept {
  const Head head{.kind = static_cast<std::uint8_t>(cell.kind),
                  .bytes = static_cast<std::uint32_t>(cell.bytes.size()),
                  .number = cell.number,
                  .holder = cell.holder,
                  .expires = cell.expires};
  std::memcpy(to, &head, sizeof head);
  const std::size_t copied = cell.bytes.copy(to + sizeof head, cell.bytes.size());
  std::memset(to + sizeof head + copied, 0, words_up(copied) - copied);
}

bool load(std::string_view stored, Cell& cell) noexcept {
  Head head;
  if (stored.size() < sizeof head) return false;
  std::memcpy(&head, stored.data(), sizeof head);
  if (head.kind > static_cast<std::uint8_t>(ValueKind::lease) || head.bytes > stored.size() - sizeof head) return false;
  cell = {static_cast<ValueKind>(head.kind), head.number, head.holder, head.expires,
          stored.substr(sizeof head, head.bytes)};
  return stored.size() == stored_bytes(cell);
}

std::string encode_fields(const StateFields& fields) {
  Writer writer;
  writer.number(fields.applied);
  writer.number(fields.time);
  writer.number(fields.epoch);
  writer.array(fields.root);
  writer.keys(fields.next_validators);
  return std::move(writer).finish();
}

bool decode_fields(std::string_view bytes, StateFields& fields) {
  Reader reader{bytes};
  reader.number(fields.applied);
  reader.number(fields.time);
  reader.number(fields.epoch);
  reader.array(fields.root);
  reader.keys(fields.next_validators);
  return reader.finish();
}

std::string encode_epochs(std::span<const EpochRecord> epochs) {
  Writer writer;
  writer.number(std::uint64_t{epochs.size()});
  for (const EpochRecord& epoch : epochs) {
    writer.number(epoch.epoch);
    writer.array(epoch.start.commit);
    writer.array(epoch.start.state_root);
    writer.number(epoch.start.index);
    writer.number(epoch.start.time);
    writer.number(epoch.last);
    writer.keys(epoch.validators);
  }
  return std::move(writer).finish();
}

bool decode_epochs(std::string_view bytes, std::vector<EpochRecord>& epochs) {
  Reader reader{bytes};
  std::uint64_t count = 0;
  reader.number(count);
  for (std::uint64_t i = 0; i < count && reader.good(); ++i) {
    EpochRecord& epoch = epochs.emplace_back();
    reader.number(epoch.epoch);
    reader.array(epoch.start.commit);
    reader.array(epoch.start.state_root);
    reader.number(epoch.start.index);
    reader.number(epoch.start.time);
    reader.number(epoch.last);
    reader.keys(epoch.validators);
  }
  return reader.finish();
}

}  // namespace myelin::validator::store_format
