/// The bytes of a stored state: keys, cells, and what is known beside them. All numbers are little-endian.
///
///     key     the key, then 1 to 8 bytes up to a multiple of 8, the last of which says how many
///     cell    kind (1 byte), 3 of zeros, bytes (4), number (8), holder (8), expires (8), the bytes, zeros up to
///             a multiple of 8
///
/// LMDB puts the nodes of a page one before the other from the page's end, each with a head of 8 bytes before its key.
/// With keys and values of whole words all of it lies at multiples of 8, and so do a cell's bytes, 32 behind its begin:
/// a Cap'n Proto message in them can be read where it is. The order is that of the keys without what was added to them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <lmdb.h>

#include "myelin/consensus/cell.hpp"
#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/state_delta.hpp"
#include "myelin/validator/state_store.hpp"

namespace myelin::validator::store_format {

inline constexpr std::size_t kWord = 8;
inline constexpr std::size_t kCellHeadBytes = 4 * kWord;

/// A key as it is stored.
class StoredKey {
 public:
  /// **Requires**: at most limits::kKeyBytesMax bytes.
  explicit StoredKey(std::string_view key) noexcept;
  [[nodiscard]] std::string_view text() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, consensus::limits::kKeyBytesMax + kWord> bytes_;
  std::size_t size_;
};

/// The key that was stored so.
[[nodiscard]] std::string_view key_of(std::string_view stored) noexcept;
/// LMDB's order of stored keys.
[[nodiscard]] int compare(const MDB_val* a, const MDB_val* b) noexcept;

[[nodiscard]] std::size_t stored_bytes(const consensus::Cell& cell) noexcept;
/// Writes stored_bytes() bytes.
void store(const consensus::Cell& cell, char* to) noexcept;
/// Whether it is a cell, and then which; its bytes are those of `stored`.
[[nodiscard]] bool load(std::string_view stored, consensus::Cell& cell) noexcept;

/// With a check behind each.
[[nodiscard]] std::string encode_fields(const consensus::StateFields& fields);
[[nodiscard]] bool decode_fields(std::string_view bytes, consensus::StateFields& fields);
[[nodiscard]] std::string encode_epochs(std::span<const EpochRecord> epochs);
[[nodiscard]] bool decode_epochs(std::string_view bytes, std::vector<EpochRecord>& epochs);

}  // namespace myelin::validator::store_format
