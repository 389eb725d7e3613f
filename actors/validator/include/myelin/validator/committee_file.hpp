/// The file that names a group's validators. All of them, and their clients, have the same one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/committee.hpp"

namespace myelin::validator {

/// One validator.
struct Member {
  consensus::PublicKey public_key;
  std::string name;     ///< For people: 1 to 64 letters, digits, '.', '-' or '_'; or none.
  std::string address;  ///< Where it is reached, or none: up to 255 visible characters, no quote or backslash.

  friend bool operator==(const Member&, const Member&) = default;
};

/// The validators of an epoch, in the order of their indices.
struct CommitteeFile {
  consensus::Epoch epoch = 0;
  std::vector<Member> members;

  friend bool operator==(const CommitteeFile&, const CommitteeFile&) = default;
};

/// Larger files are refused: 64 validators take a third of it.
inline constexpr std::size_t kCommitteeFileBytesMax = std::size_t{64} << 10;

/// Reads TOML: `epoch = 0`, and a table `[[validator]]` for each, with `public_key`, `name` and `address`. `source`:
/// names the file in errors.
/// **Errors**: invalid_argument, with the line: what is no TOML; a key that is not known; a value that is missing or
/// out of its bounds; two validators of one key or one name. **Thread-safety**: thread-safe.
[[nodiscard]] Result<CommitteeFile> parse_committee(std::string_view text, std::string_view source);
/// What parse_committee() reads. **Errors**: invalid_argument for what it would refuse.
[[nodiscard]] Result<std::string> format_committee(const CommitteeFile& committee);

/// **Errors**: as parse_committee(); not_found; io_error.
[[nodiscard]] Result<CommitteeFile> load_committee_file(const std::filesystem::path& path);
/// Replaces the file, if there is one. It is on disk when this returns; a crash leaves the old one or the new.
/// **Errors**: as format_committee(); not_found, if there is no such folder; io_error.
[[nodiscard]] Result<void> save_committee_file(const std::filesystem::path& path, const CommitteeFile& committee);

/// **Errors**: as Committee::create(). `start`: what its epoch starts from; nothing, for the group's first.
[[nodiscard]] Result<consensus::Committee> committee_of(const CommitteeFile& file,
                                                        const consensus::Committee::Start& start = {});

}  // namespace myelin::validator
