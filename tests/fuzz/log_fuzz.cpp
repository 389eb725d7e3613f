// A log as any crash or bad disk may leave it, and records of any content: an error, or what was written and no more.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "myelin/consensus/log.hpp"
#include "protocol/log_format.hpp"
#include "protocol/record_content.hpp"

namespace {

using namespace myelin::consensus;

using Bytes = std::vector<std::byte>;

void require(bool holds) {
  if (!holds) std::abort();
}

const Committee& committee() {
  static const Committee four = [] {
    std::vector<PublicKey> keys(4);
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i].bytes[0] = static_cast<std::uint8_t>(i);
    return Committee::create(7, keys, {}).value();
  }();
  return four;
}

/// A log of some records, and where each ends.
struct Sample {
  Sample() : writer{7, {}} {
    bytes = writer.head();
    for (ValidatorIndex author = 0; author < 4; ++author) {
      VertexContent content;
      content.epoch = 7;
      content.round = 1;
      content.author = author;
      for (ValidatorIndex i = 0; i < 4; ++i) {
        content.parents.push_back(committee().genesis(i == 0 ? author : i <= author ? i - 1 : i));
      }
      Words batch(50);
      std::memset(batch.data(), 0x55, batch.size() * kWordBytes);
      const std::span<const std::byte> spans[] = {bytes_of(batch)};
      append(VertexRecord{make_vertex(std::move(content), make_payload(spans), StubSigner{{}})});
      append(CommitRecord{{author + 1U, {}}});
      if (author < 2) writer.synced(writer.offset());
    }
    require(read_log(bytes, committee())->records.size() == ends.size());
    bytes.resize(bytes.size() + 1024);
  }
  void append(const LogRecord& record) {
    const Bytes more = writer.append(record);
    bytes.insert(bytes.end(), more.begin(), more.end());
    ends.push_back(bytes.size());
  }

  LogWriter writer;
  Bytes bytes;
  std::vector<std::size_t> ends;
};

const Sample& sample() {
  static const Sample sample;
  return sample;
}

/// Whatever is read can be gone on from.
void check_going_on(Bytes log, const LogContent& content) {
  if (!content.writer) return;
  log.resize(content.valid_bytes);
  LogWriter writer = *content.writer;
  const Bytes more = writer.append(CommitRecord{{99, {}}});
  log.insert(log.end(), more.begin(), more.end());
  const auto again = read_log(log, committee());
  require(again.has_value() && again->records.size() == content.records.size() + 1 && !again->torn);
}

/// Bytes as they come.
void read_raw(std::span<const std::byte> input) {
  const auto content = read_log(input, committee());
  if (content) check_going_on({input.begin(), input.end()}, *content);
}

/// Sectors lost, bytes changed, the end cut off, as the input says: 4 bytes each.
void read_mutated(std::span<const std::byte> input) {
  Bytes log = sample().bytes;
  for (; input.size() >= 4 && !log.empty(); input = input.subspan(4)) {
    const std::size_t at =
        (std::to_integer<std::size_t>(input[1]) << 8 | std::to_integer<std::size_t>(input[2])) % log.size();
    switch (std::to_integer<unsigned>(input[0]) % 3) {
      case 0: {
        const std::size_t begin = at - at % log_format::kSectorBytes;
        std::fill(log.begin() + static_cast<std::ptrdiff_t>(begin),
                  log.begin() + static_cast<std::ptrdiff_t>(std::min(begin + log_format::kSectorBytes, log.size())),
                  std::byte{0});
        break;
      }
      case 1: log[at] = input[3]; break;
      default: log.resize(at); break;
    }
  }
  const auto content = read_log(log, committee());
  if (!content) return;
  require(content->records.size() <= sample().ends.size());
  require(content->records.empty() || content->valid_bytes == sample().ends[content->records.size() - 1]);
  require(
      std::equal(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(content->valid_bytes), sample().bytes.begin()));
  check_going_on(std::move(log), *content);
}

/// A record whose checks are right and whose content is the input's: its first byte says the kind.
void read_content(std::span<const std::byte> input) {
  using namespace log_format;
  if (input.empty()) return;
  constexpr Kind kKinds[] = {Kind::vertex, Kind::commit, Kind::base};
  const Kind kind = kKinds[std::to_integer<unsigned>(input[0]) % std::size(kKinds)];
  const std::size_t words = (input.size() - 1) / kWordBytes;
  const LogWriter writer{7, {}};
  Bytes log = writer.head();
  Bytes record(kAroundBytes + words * kWordBytes);
  store(record, 0, encode_opening({kind, words, count_zero_sectors(record, log.size())}, {}, log.size()));
  store(record, kWordBytes, log.size());
  store(record, 2 * kWordBytes, load(log, kHeadBytes - kWordBytes));
  std::copy_n(input.begin() + 1, words * kWordBytes, record.begin() + kBeforeBytes);
  const auto content = std::span{record}.subspan(kBeforeBytes, words * kWordBytes);
  const auto checked = std::span{record}.first(kBeforeBytes + checked_content_bytes(kind, content));
  store(record, record.size() - kWordBytes, check_of(checked, {}, log.size()));
  log.insert(log.end(), record.begin(), record.end());
  const auto read = read_log(log, committee());
  if (!read) return;
  require(read->records.size() == 1 && read->valid_bytes == log.size());
  LogWriter again = writer;
  require(std::ranges::equal(again.append(read->records.front()), record));
  check_going_on(std::move(log), *read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto input = std::as_bytes(std::span{data, size}).subspan(1);
  switch (data[0] % 3) {
    case 0: read_raw(input); break;
    case 1: read_mutated(input); break;
    default: read_content(input); break;
  }
  return 0;
}
