/// Values as messages carry them, and what changes of them are compared by.
#pragma once

#include <span>
#include <string_view>

#include "myelin/consensus/cell.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/types.hpp"
#include "myelin/memory.capnp.h"
#include "myelin/validator.capnp.h"

namespace myelin::validator {

void fill(schema::MemoryReply::Value::Builder to, const consensus::Value& from);
void fill(schema::MemoryReply::Value::Builder to, const consensus::Cell& from);
/// The bytes are where they were.
[[nodiscard]] consensus::Cell cell_of(const consensus::Value& value) noexcept;
[[nodiscard]] consensus::Cell cell_of(schema::MemoryReply::Value::Reader value);

void fill(schema::Digest256::Builder to, const consensus::Digest& from);
[[nodiscard]] consensus::Digest digest_of(schema::Digest256::Reader from) noexcept;

[[nodiscard]] inline std::string_view text_of(capnp::Data::Reader data) noexcept {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}
[[nodiscard]] inline capnp::Data::Reader data_of(std::string_view text) noexcept {
  return {reinterpret_cast<const capnp::byte*>(text.data()), text.size()};
}

/// Of changes in order: two lists are the same if their digests are. **Thread-safety**: thread-compatible.
class ChangesDigest {
 public:
  ChangesDigest() { hasher_.add("changes"); }
  void add(consensus::CommitIndex commit, consensus::WallTime time, std::string_view key, const consensus::Cell& cell);
  void add(capnp::List<schema::MemoryReply::Change>::Reader changes);
  /// Once, at the end.
  [[nodiscard]] consensus::Digest finish() noexcept { return hasher_.finish(); }

 private:
  consensus::Hasher hasher_{consensus::Domain::answer};
};

}  // namespace myelin::validator
