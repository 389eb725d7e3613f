// The log, and every way a crash or a bad disk can leave it. A crash may cost what was not on disk yet, and never more;
// damage to what was on disk must be told.
#include <algorithm>
#include <cstring>
#include <string>

#include <boost/test/unit_test.hpp>

#include "group.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/consensus/log.hpp"

using namespace consensus_test;
using myelin::Errc;

namespace {

using Bytes = std::vector<std::byte>;
constexpr std::size_t kSector = 512;

LogSalt salt(std::uint8_t number = 1) {
  LogSalt salt;
  for (std::size_t i = 0; i < salt.bytes.size(); ++i) salt.bytes[i] = static_cast<std::uint8_t>(number + 7 * i);
  return salt;
}

/// Bytes that are not zero, of so many words.
Words payload_of_words(std::size_t words) {
  Words batch(words - 3);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::uint64_t value = 0x9e37'79b9'7f4a'7c15ULL * (i + 1) | 1;
    batch[i] = value;
  }
  const std::span<const std::byte> spans[] = {bytes_of(batch)};
  return make_payload(spans);
}

/// Zeros but for some words at its ends.
Words payload_with_zeros(std::size_t words) {
  Words batch(words - 3);
  batch.front() = batch.back() = 0x1234'5678'9abc'def0;
  const std::span<const std::byte> spans[] = {bytes_of(batch)};
  return make_payload(spans);
}

/// A log's file as somebody who writes it sees it.
struct File {
  explicit File(const Group& group, const LogSalt& with = salt()) : writer{group.committee().epoch(), with} {
    bytes = writer.head();
  }
  explicit File(Bytes old, const LogContent& content) : writer{*content.writer}, bytes{std::move(old)} {
    bytes.resize(content.valid_bytes);
  }
  void append(const LogRecord& record) {
    BOOST_TEST_REQUIRE(writer.offset() == bytes.size());
    const Bytes more = writer.append(record);
    bytes.insert(bytes.end(), more.begin(), more.end());
    ends.push_back(bytes.size());
  }
  void sync() { writer.synced(writer.offset()); }

  LogWriter writer;
  Bytes bytes;
  std::vector<std::size_t> ends;  // of the records
};

struct Fixture {
  Group group;

  LogRecord vertex(Round round, ValidatorIndex author, std::size_t payload_words = 0) const {
    return VertexRecord{
        group.make(group.content(round, author), payload_words == 0 ? Words{} : payload_of_words(payload_words))};
  }
  LogRecord commit(CommitIndex index) const { return CommitRecord{{index, digest_of(index)}}; }
  LogRecord base() const {
    CommitTail tail;
    tail.epoch = group.committee().epoch();
    for (Round round = 1; round <= 3; ++round) {
      const VertexRef leader = group.parent(round, group.committee().leader(round, 0));
      tail.commits.push_back({leader, {leader}, static_cast<WallTime>(round)});
    }
    return BaseRecord{tail, 17};
  }
  /// Three syncs of records of each kind.
  File small_log() const {
    File file{group};
    file.append(base());
    file.sync();
    file.append(vertex(4, 0));
    file.append(commit(4));
    file.sync();
    file.append(vertex(5, 1, 8));
    file.sync();
    return file;
  }
  LogRecord vertex_with_zeros(Round round, ValidatorIndex author, std::size_t payload_words) const {
    return VertexRecord{group.make(group.content(round, author), payload_with_zeros(payload_words))};
  }
  /// Records that are on disk, and then some that are not, over several sectors.
  File torn_log(std::size_t& synced, std::size_t& synced_records) const {
    File file{group};
    file.append(vertex(1, 0));
    file.append(vertex(1, 1));
    file.sync();
    synced = file.bytes.size();
    synced_records = file.ends.size();
    file.append(commit(1));
    file.append(vertex(1, 2));
    file.append(vertex(1, 3, 150));
    file.append(vertex(2, 0));
    file.append(commit(2));
    return file;
  }
  /// Words of payload with which a vertex ends where a sector does.
  std::size_t words_to_fill_sectors(const File& file, Round round, ValidatorIndex author) const {
    for (std::size_t words = 4;; ++words) {
      LogWriter writer = file.writer;
      static_cast<void>(writer.append(vertex(round, author, words)));
      if (writer.offset() % kSector == 0) return words;
    }
  }
  myelin::Result<LogContent> read(const Bytes& bytes) const { return read_log(bytes, group.committee()); }

  /// How many of `ends` lie at or below `bytes`.
  static std::size_t records_within(const File& file, std::size_t bytes) {
    return static_cast<std::size_t>(std::ranges::count_if(file.ends, [&](std::size_t end) { return end <= bytes; }));
  }
  /// What must hold after any crash: no record that was on disk is lost, and none is read that follows a lost one.
  void check_crash(const File& file, const Bytes& left, std::size_t records_least, std::size_t first_lost,
                   const std::string& what) const {
    const auto content = read(left);
    BOOST_REQUIRE_MESSAGE(content.has_value(), what << ": " << content.error().message);
    BOOST_TEST(content->records.size() >= records_least, what);
    BOOST_TEST(content->records.size() == records_within(file, first_lost), what);
    const auto is_left = [](std::byte byte) { return byte != std::byte{0}; };
    BOOST_TEST(content->torn ==
                   std::any_of(left.begin() + static_cast<std::ptrdiff_t>(content->valid_bytes), left.end(), is_left),
               what);
    BOOST_TEST(content->valid_bytes == (content->records.empty() ? 64 : file.ends[content->records.size() - 1]), what);
  }
};

/// The first byte that differs, or the length.
std::size_t first_difference(const Bytes& a, const Bytes& b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(log_file, Fixture)

BOOST_AUTO_TEST_CASE(gives_back_what_was_appended) {
  const File file = small_log();
  const auto content = read(file.bytes);
  BOOST_REQUIRE(content.has_value());
  BOOST_REQUIRE(content->records.size() == 4U);
  BOOST_TEST((std::get<BaseRecord>(content->records[0]).tail.last() == std::get<BaseRecord>(base()).tail.last()));
  BOOST_TEST(std::get<BaseRecord>(content->records[0]).collected == 17U);
  BOOST_TEST((std::get<BaseRecord>(content->records[0]).tail.commits == std::get<BaseRecord>(base()).tail.commits));
  const Vertex& plain = *std::get<VertexRecord>(content->records[1]).vertex;
  BOOST_TEST((plain.ref() == group.vertex(4, 0)->ref()));
  BOOST_TEST((std::get<CommitRecord>(content->records[2]).commit == IndexedDigest{4, digest_of(4)}));
  const Vertex& loaded = *std::get<VertexRecord>(content->records[3]).vertex;
  const LogRecord record = vertex(5, 1, 8);
  const Vertex& original = *std::get<VertexRecord>(record).vertex;
  BOOST_TEST((loaded.ref() == original.ref()));
  BOOST_TEST((loaded.signature() == original.signature()));
  BOOST_TEST(std::ranges::equal(bytes_of(loaded.payload()), bytes_of(original.payload())));
  BOOST_TEST(content->valid_bytes == file.bytes.size());
  BOOST_TEST(!content->torn);
}

BOOST_AUTO_TEST_CASE(goes_on_after_reading) {
  File file = small_log();
  File again{file.bytes, *read(file.bytes)};
  file.append(vertex(6, 2));
  again.append(vertex(6, 2));
  BOOST_TEST((file.bytes == again.bytes));
  BOOST_TEST(read(again.bytes)->records.size() == 5U);
}

BOOST_AUTO_TEST_CASE(holds_the_largest_vertex) {
  File file{group};
  file.append(vertex(1, 0, limits::kPayloadBytesMax / kWordBytes));
  BOOST_TEST(read(file.bytes)->records.size() == 1U);
}

BOOST_AUTO_TEST_CASE(zeros_after_the_last_record_are_room) {
  File file = small_log();
  file.bytes.resize(file.bytes.size() + 10'001);
  const auto content = read(file.bytes);
  BOOST_REQUIRE(content.has_value());
  BOOST_TEST(content->records.size() == 4U);
  BOOST_TEST(!content->torn);
}

BOOST_AUTO_TEST_CASE(one_that_has_not_begun_is_empty) {
  for (const std::size_t bytes : {0U, 1U, 63U, 64U, 5000U}) {
    const auto content = read(Bytes(bytes));
    BOOST_REQUIRE(content.has_value());
    BOOST_TEST(content->valid_bytes == 0U);
    BOOST_TEST(!content->torn);
    BOOST_TEST(!content->writer.has_value());
  }
  const Bytes head = File{group}.bytes;
  for (std::size_t bytes = 1; bytes < head.size(); ++bytes) {
    Bytes part{head.begin(), head.begin() + static_cast<std::ptrdiff_t>(bytes)};
    for (const std::size_t room : {bytes, std::size_t{4096}}) {
      part.resize(room);
      const auto content = read(part);
      BOOST_REQUIRE(content.has_value());
      BOOST_TEST(content->valid_bytes == 0U);
      BOOST_TEST(content->torn);
    }
  }
  const auto whole = read(head);
  BOOST_TEST(whole->valid_bytes == 64U);
  BOOST_TEST(!whole->torn);
}

BOOST_AUTO_TEST_CASE(cut_at_any_byte_loses_only_what_is_behind_the_cut) {
  const File file = small_log();
  for (std::size_t bytes = 64; bytes < file.bytes.size(); ++bytes) {
    const Bytes part{file.bytes.begin(), file.bytes.begin() + static_cast<std::ptrdiff_t>(bytes)};
    for (const std::size_t room : {bytes, file.bytes.size() + 777}) {
      Bytes left = part;
      left.resize(room);
      check_crash(file, left, 0, first_difference(file.bytes, left), "cut at " + std::to_string(bytes));
      const bool at_end = bytes == 64 || std::ranges::find(file.ends, bytes) != file.ends.end();
      BOOST_TEST(read(left)->torn == !at_end, "cut at " << bytes);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_bit_in_a_record_is_told_wherever_it_is) {
  File file = small_log();
  const std::size_t used = file.bytes.size();
  file.bytes.resize(used + 1000);
  for (std::size_t bit = 0; bit < used * 8; ++bit) {
    Bytes bytes = file.bytes;
    bytes[bit / 8] ^= std::byte{static_cast<unsigned char>(1U << (bit % 8))};
    const auto content = read(bytes);
    BOOST_TEST(!content.has_value(), "bit " << bit);
    // A head with a wrong version has a wrong check first.
    if (!content) BOOST_TEST((content.error().code == Errc::corrupt_file));
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_bit_in_a_record_with_sectors_of_zeros_is_told) {
  // Zeros that were written are no trace of a crash.
  File file{group};
  file.append(vertex(1, 0));
  file.append(vertex_with_zeros(1, 1, 300));
  file.sync();
  const std::size_t used = file.bytes.size();
  file.bytes.resize(used + 1000);
  BOOST_TEST_REQUIRE(read(file.bytes)->records.size() == 2U);
  for (std::size_t bit = 0; bit < used * 8; bit += bit / 8 < file.ends[0] + 64 || bit / 8 > used - 64 ? 1 : 13) {
    Bytes bytes = file.bytes;
    bytes[bit / 8] ^= std::byte{static_cast<unsigned char>(1U << (bit % 8))};
    BOOST_TEST(!read(bytes).has_value(), "bit " << bit);
  }
}

BOOST_AUTO_TEST_CASE(sectors_lost_of_a_record_with_sectors_of_zeros_are_a_torn_tail) {
  File file{group};
  file.append(vertex(1, 0));
  file.sync();
  const std::size_t synced = file.bytes.size();
  file.append(vertex_with_zeros(1, 1, 200));
  file.append(commit(1));
  const std::size_t first = synced / kSector;
  const std::size_t last = file.bytes.size() / kSector;
  file.bytes.resize((last + 1) * kSector);
  BOOST_TEST_REQUIRE(last - first >= 4U);
  for (unsigned lost = 1; lost < 1U << (last - first + 1); ++lost) {
    Bytes left = file.bytes;
    for (std::size_t sector = first; sector <= last; ++sector) {
      if ((lost >> (sector - first) & 1U) == 0) continue;
      std::fill(left.begin() + static_cast<std::ptrdiff_t>(std::max(sector * kSector, synced)),
                left.begin() + static_cast<std::ptrdiff_t>((sector + 1) * kSector), std::byte{0});
    }
    check_crash(file, left, 1, first_difference(file.bytes, left), "lost " + std::to_string(lost));
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_bit_in_the_room_behind_costs_no_record) {
  File file = small_log();
  const std::size_t used = file.bytes.size();
  file.bytes.resize(used + 1000);
  std::size_t told = 0;
  for (std::size_t bit = used * 8; bit < file.bytes.size() * 8; ++bit) {
    Bytes bytes = file.bytes;
    bytes[bit / 8] ^= std::byte{static_cast<unsigned char>(1U << (bit % 8))};
    const auto content = read(bytes);
    if (content) BOOST_TEST(content->records.size() == 4U, "bit " << bit);
    told += content ? 0 : 1;
  }
  BOOST_TEST(told > 0U);
  BOOST_TEST(told < 8000U);
}

BOOST_AUTO_TEST_CASE(any_sectors_lost_before_a_sync_are_a_torn_tail) {
  std::size_t synced = 0;
  std::size_t synced_records = 0;
  File file = torn_log(synced, synced_records);
  file.bytes.resize(file.bytes.size() + 2 * kSector);
  const std::size_t first = synced / kSector;
  const std::size_t last = file.ends.back() / kSector;
  BOOST_TEST_REQUIRE(last - first >= 5U);
  BOOST_TEST_REQUIRE(last - first <= 8U);
  for (unsigned lost = 1; lost < 1U << (last - first + 1); ++lost) {
    Bytes left = file.bytes;
    for (std::size_t sector = first; sector <= last; ++sector) {
      if ((lost >> (sector - first) & 1U) == 0) continue;
      // What of it was on disk before stays.
      const std::size_t begin = std::max(sector * kSector, synced);
      std::fill(left.begin() + static_cast<std::ptrdiff_t>(begin),
                left.begin() + static_cast<std::ptrdiff_t>((sector + 1) * kSector), std::byte{0});
    }
    check_crash(file, left, synced_records, first_difference(file.bytes, left), "lost " + std::to_string(lost));
    // And if the file was not allocated ahead, it may be shorter.
    left.resize(file.bytes.size() - 2 * kSector - 13);
    check_crash(file, left, synced_records, first_difference(file.bytes, left), "short, lost " + std::to_string(lost));
  }
}

BOOST_AUTO_TEST_CASE(a_sector_written_in_part_and_others_not_at_all_are_a_torn_tail) {
  std::size_t synced = 0;
  std::size_t synced_records = 0;
  File file = torn_log(synced, synced_records);
  file.bytes.resize(file.bytes.size() + kSector);
  const std::size_t last = file.ends.back() / kSector;
  for (std::size_t torn = synced / kSector; torn <= last; ++torn) {
    for (std::size_t keep = 0; keep < kSector; ++keep) {
      // The sector holds its first bytes; those behind it are not there.
      const std::size_t begin = std::max(torn * kSector + keep, synced);
      Bytes left = file.bytes;
      std::fill(left.begin() + static_cast<std::ptrdiff_t>(begin), left.end(), std::byte{0});
      check_crash(file, left, synced_records, first_difference(file.bytes, left), "torn at " + std::to_string(begin));
    }
  }
}

BOOST_AUTO_TEST_CASE(sectors_lost_after_a_sync_are_damage_once_a_later_record_knows_of_it) {
  std::size_t synced = 0;
  std::size_t synced_records = 0;
  File file = torn_log(synced, synced_records);
  file.sync();
  const std::size_t end = file.bytes.size();
  file.append(commit(3));
  for (std::size_t sector = 0; sector < end / kSector; ++sector) {
    Bytes left = file.bytes;
    std::fill_n(left.begin() + static_cast<std::ptrdiff_t>(sector * kSector), kSector, std::byte{0});
    const auto content = read(left);
    BOOST_REQUIRE_MESSAGE(!content.has_value(), "sector " << sector);
    BOOST_TEST((content.error().code == Errc::corrupt_file));
    BOOST_TEST(content.error().message.find("byte") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(records_within_a_payload_are_none) {
  // A stranger writes a log of his own into a payload, which claims that all of it is on disk. The crash takes the
  // sector in which the record around it begins, so that its bytes lie bare. With our salt he would be believed.
  for (const bool knows_salt : {false, true}) {
    File file{group};
    file.append(vertex(1, 0));
    while (file.bytes.size() % kSector < kSector - 64) file.append(commit(1));
    file.sync();
    const std::size_t synced = file.bytes.size();
    const std::size_t payload_at = 6 * kSector;
    File fake{group, salt(knows_salt ? 1 : 2)};
    while (fake.bytes.size() < payload_at) fake.append(vertex(1, 0));
    fake.sync();
    const std::size_t fake_at = fake.bytes.size();
    fake.append(commit(9));
    Words batch((payload_at + 4 * kSector - synced) / kWordBytes);
    std::memset(batch.data(), 0x77, batch.size() * kWordBytes);
    File with_fake{file};
    const auto put = [&](std::size_t at_word) {
      Words changed = batch;
      std::memcpy(changed.data() + at_word, fake.bytes.data() + fake_at, fake.bytes.size() - fake_at);
      with_fake = file;
      const std::span<const std::byte> spans[] = {bytes_of(changed)};
      with_fake.append(VertexRecord{group.make(group.content(1, 1), make_payload(spans))});
    };
    put(0);
    const auto needle = std::span{fake.bytes}.subspan(fake_at);
    const auto found = std::ranges::search(with_fake.bytes, needle);
    BOOST_REQUIRE(!found.empty());
    const auto at = static_cast<std::size_t>(found.begin() - with_fake.bytes.begin());
    put((fake_at - at) / kWordBytes);
    BOOST_TEST_REQUIRE(std::ranges::equal(std::span{with_fake.bytes}.subspan(fake_at, needle.size()), needle));
    Bytes left = with_fake.bytes;
    std::fill(left.begin() + static_cast<std::ptrdiff_t>(synced),
              left.begin() + static_cast<std::ptrdiff_t>((synced / kSector + 2) * kSector), std::byte{0});
    BOOST_TEST(read(left).has_value() == !knows_salt);
  }
}

BOOST_AUTO_TEST_CASE(what_a_cut_left_behind_is_not_taken_for_new) {
  // Two records are written and not synced; the crash takes the sectors of the first. Whoever goes on forgets to cut
  // the file, and writes another record of the same length.
  File file{group};
  const std::size_t words = words_to_fill_sectors(file, 1, 0);
  file.append(vertex(1, 0, words));
  file.sync();
  const std::size_t synced = file.bytes.size();
  const std::size_t lost_words = words_to_fill_sectors(file, 1, 1);
  file.append(vertex(1, 1, lost_words));
  const std::size_t second = file.bytes.size();
  BOOST_TEST_REQUIRE(synced % kSector == 0U);
  BOOST_TEST_REQUIRE(second % kSector == 0U);
  file.append(commit(3));
  Bytes left = file.bytes;
  std::fill(left.begin() + static_cast<std::ptrdiff_t>(synced), left.begin() + static_cast<std::ptrdiff_t>(second),
            std::byte{0});
  const auto content = read(left);
  BOOST_REQUIRE(content.has_value());
  BOOST_TEST(content->valid_bytes == synced);
  BOOST_TEST(content->torn);
  LogWriter writer = *content->writer;
  const Bytes other = writer.append(vertex(1, 2, lost_words));
  BOOST_TEST_REQUIRE(other.size() == second - synced);
  std::ranges::copy(other, left.begin() + static_cast<std::ptrdiff_t>(synced));
  const auto again = read(left);
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST(again->records.size() == 2U);
  BOOST_TEST(again->valid_bytes == second);
  BOOST_TEST(again->torn);
}

BOOST_AUTO_TEST_CASE(of_another_epoch_is_refused) {
  const Group next{4, 8};
  const auto content = read_log(small_log().bytes, next.committee());
  BOOST_REQUIRE(!content.has_value());
  BOOST_TEST((content.error().code == Errc::corrupt_file));
  BOOST_TEST(content.error().message.find("epoch 7") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_another_kind_of_file_is_refused) {
  BOOST_TEST(!read(Bytes(4096, std::byte{0x41})).has_value());
  Bytes headless = small_log().bytes;
  std::fill_n(headless.begin(), 64, std::byte{0});
  BOOST_TEST(!read(headless).has_value());
}

BOOST_AUTO_TEST_CASE(with_a_vertex_of_no_validity_is_refused) {
  File file{group};
  VertexContent content = group.content(4, 0);
  content.parents.resize(1);
  file.append(VertexRecord{group.make(std::move(content))});
  const auto read_back = read(file.bytes);
  BOOST_REQUIRE(!read_back.has_value());
  BOOST_TEST(read_back.error().message.find("no_parent_quorum") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(with_a_base_that_reaches_back_too_little_is_refused) {
  File file{group};
  BaseRecord record = std::get<BaseRecord>(base());
  record.tail.before = {5, digest_of(5)};
  file.append(record);
  BOOST_TEST(!read(file.bytes).has_value());
}

BOOST_AUTO_TEST_CASE(knows_what_is_on_disk) {
  LogWriter writer{7, salt()};
  BOOST_TEST(writer.offset() == 64U);
  BOOST_TEST(writer.synced_offset() == 64U);
  const std::size_t first = writer.append(commit(1)).size();
  const std::uint64_t offset = writer.offset();
  BOOST_TEST(offset == 64 + first);
  BOOST_TEST(writer.synced_offset() == 64U);
  static_cast<void>(writer.append(commit(2)));
  writer.synced(offset);
  BOOST_TEST(writer.synced_offset() == offset);
  writer.synced(64);  // an older sync that ends late
  BOOST_TEST(writer.synced_offset() == offset);
}

BOOST_AUTO_TEST_SUITE_END()
