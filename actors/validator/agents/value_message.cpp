#include "myelin/validator/value_message.hpp"

#include <array>
#include <cstring>

namespace myelin::validator {

using consensus::Cell;
using consensus::Digest;
using consensus::ValueKind;

void fill(schema::MemoryReply::Value::Builder to, const consensus::Value& from) { fill(to, cell_of(from)); }

void fill(schema::MemoryReply::Value::Builder to, const Cell& from) {
  const bool is_lease = from.kind == ValueKind::lease;
  to.setKind(static_cast<std::uint8_t>(from.kind));
  to.setNumber(is_lease ? 0 : from.number);
  to.setHolder(from.holder);
  to.setExpires(from.expires);
  to.setToken(is_lease ? from.token() : 0);
  if (from.kind == ValueKind::bytes) to.setBytes(data_of(from.bytes));
}

Cell cell_of(const consensus::Value& value) noexcept {
  const bool is_lease = value.kind == ValueKind::lease;
  return {value.kind, is_lease ? static_cast<std::int64_t>(value.token) : value.number, value.holder, value.expires,
          value.bytes};
}

Cell cell_of(schema::MemoryReply::Value::Reader value) {
  const auto kind = static_cast<ValueKind>(value.getKind());
  const bool is_lease = kind == ValueKind::lease;
  return {kind, is_lease ? static_cast<std::int64_t>(value.getToken()) : value.getNumber(), value.getHolder(),
          value.getExpires(), text_of(value.getBytes())};
}

void fill(schema::Digest256::Builder to, const Digest& from) {
  std::array<std::uint64_t, 4> words;
  std::memcpy(words.data(), from.bytes.data(), sizeof words);
  to.setWord0(words[0]);
  to.setWord1(words[1]);
  to.setWord2(words[2]);
  to.setWord3(words[3]);
}

Digest digest_of(schema::Digest256::Reader from) noexcept {
  const std::array<std::uint64_t, 4> words{from.getWord0(), from.getWord1(), from.getWord2(), from.getWord3()};
  Digest digest;
  std::memcpy(digest.bytes.data(), words.data(), sizeof words);
  return digest;
}

void ChangesDigest::add(consensus::CommitIndex commit, consensus::WallTime time, std::string_view key,
                        const Cell& cell) {
  hasher_.add(commit).add(static_cast<std::uint64_t>(time)).add(std::uint64_t{key.size()}).add(key);
  hasher_.add(static_cast<std::uint64_t>(cell.kind)).add(static_cast<std::uint64_t>(cell.number));
  hasher_.add(std::uint64_t{cell.holder}).add(static_cast<std::uint64_t>(cell.expires));
  hasher_.add(std::uint64_t{cell.bytes.size()}).add(cell.bytes);
}

void ChangesDigest::add(capnp::List<schema::MemoryReply::Change>::Reader changes) {
  for (const auto& change : changes) {
    add(change.getCommit(), change.getTime(), text_of(change.getKey()), cell_of(change.getValue()));
  }
}

}  // namespace myelin::validator
