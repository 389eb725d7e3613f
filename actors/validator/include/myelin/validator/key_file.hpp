/// A validator's secret key, in a file that only its owner can read.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/consensus/crypto.hpp"

namespace myelin::validator {

using KeyPairPtr = std::unique_ptr<const consensus::KeyPair>;

/// Draws a key from the system's source of randomness, and writes it to a new file of mode 0600, which is on disk when
/// this returns.
/// **Errors**: invalid_argument, if there is a file already: a key is never overwritten; not_found, if there is no such
/// folder; io_error. **Thread-safety**: thread-safe.
[[nodiscard]] Result<KeyPairPtr> create_key_file(const std::filesystem::path& path);

/// **Errors**: not_found; invalid_argument for a file that its group or others can read or write, and for what is no
/// plain file: a symbolic link is judged by what it points to; corrupt_file for any other content than
/// create_key_file() writes; io_error. **Thread-safety**: thread-safe.
[[nodiscard]] Result<KeyPairPtr> load_key_file(const std::filesystem::path& path);

/// 64 hexadecimal digits, in small letters.
[[nodiscard]] std::string to_hex(const consensus::PublicKey& key);
/// What to_hex() gives; capital letters are taken too. **Errors**: invalid_argument, saying what is wrong with it.
[[nodiscard]] Result<consensus::PublicKey> parse_public_key(std::string_view text);

}  // namespace myelin::validator
