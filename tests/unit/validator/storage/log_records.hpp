/// Records for logs, told apart by their names.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "group.hpp"
#include "myelin/consensus/log.hpp"

namespace myelin::validator::test {

using namespace consensus;
using Names = std::vector<std::string>;

inline std::string name_of(const LogRecord& record) {
  if (const auto* vertex = std::get_if<VertexRecord>(&record)) return "vertex " + to_string(vertex->vertex->ref());
  if (const auto* commit = std::get_if<CommitRecord>(&record)) return "commit " + std::to_string(commit->commit.index);
  return "base " + std::to_string(std::get<BaseRecord>(record).collected);
}

inline Names names_of(std::span<const LogRecord> records) {
  Names names;
  for (const LogRecord& record : records) names.push_back(name_of(record));
  return names;
}

inline LogSalt salt(std::uint8_t number = 1) {
  LogSalt salt;
  for (std::size_t i = 0; i < salt.bytes.size(); ++i) salt.bytes[i] = static_cast<std::uint8_t>(number + 7 * i);
  return salt;
}

/// Makes records of a group, each another one.
class LogRecords {
 public:
  [[nodiscard]] const consensus_test::Group& group() const noexcept { return group_; }

  [[nodiscard]] LogRecord vertex(std::size_t payload_words = 0) {
    ++made_;
    const auto author = static_cast<ValidatorIndex>(made_ % 4);
    return VertexRecord{group_.make(group_.content(1 + made_, author), payload_of(payload_words))};
  }
  [[nodiscard]] LogRecord commit() { return CommitRecord{{++made_, consensus_test::digest_of(made_)}}; }
  /// What a shorter log starts with.
  [[nodiscard]] LogRecord base() {
    CommitTail tail;
    tail.epoch = group_.committee().epoch();
    for (Round round = 1; round <= 3; ++round) {
      const VertexRef leader = group_.parent(round, group_.committee().leader(round, 0));
      tail.commits.push_back({leader, {leader}, static_cast<WallTime>(round)});
    }
    return BaseRecord{tail, ++made_};
  }

 private:
  static Words payload_of(std::size_t words) {
    if (words == 0) return {};
    Words batch(words);
    for (std::size_t i = 0; i < words; ++i) {
      const std::uint64_t value = 0x9e37'79b9'7f4a'7c15ULL * (i + 1) | 1;
      batch[i] = value;
    }
    const std::span<const std::byte> spans[] = {bytes_of(batch)};
    return make_payload(spans);
  }

  consensus_test::Group group_;
  std::uint64_t made_ = 0;
};

}  // namespace myelin::validator::test
