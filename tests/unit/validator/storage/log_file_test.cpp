// The log in a real file: what was flushed is read back, what a crash tore is cut off, what is damaged is told.
#include "myelin/validator/log_file.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "log_records.hpp"
#include "memory_disk.hpp"
#include "small_file_system.hpp"
#include "temporary_directory.hpp"

using namespace myelin;
using namespace myelin::validator;
using namespace myelin::validator::test;
using myelin::test::content_of;
using myelin::test::MemoryDisk;
using myelin::test::SmallFileSystem;
using myelin::test::TemporaryDirectory;

namespace {

constexpr LogOptions kSmall{.zeroed_bytes = 4096, .step_bytes = 4096};

struct Fixture {
  TemporaryDirectory folder;
  std::filesystem::path path = folder.path() / "log";
  PosixDisk disk;
  LogRecords records;

  [[nodiscard]] Result<OpenedLog> try_open(const LogOptions& options = kSmall) {
    return LogFile::open(disk, path, records.group().committee(), salt(), options);
  }
  [[nodiscard]] OpenedLog open(const LogOptions& options = kSmall) {
    auto opened = try_open(options);
    BOOST_REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    return std::move(*opened);
  }
  /// Appends a record, and flushes it. Its name.
  std::string put(LogFile& log, const LogRecord& record) {
    log.append(record);
    const auto flushed = flush(log);
    BOOST_REQUIRE_MESSAGE(flushed.has_value(), (flushed ? "" : flushed.error().message));
    return name_of(record);
  }
  static Result<void> flush(LogFile& log) {
    LogFile::Flush flush = log.begin_flush();
    auto result = flush.run();
    log.end_flush(std::move(flush));
    return result;
  }
};

bool says(const Error& error, std::string_view part) { return error.message.find(part) != std::string::npos; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(log_file, Fixture)

BOOST_AUTO_TEST_CASE(what_was_flushed_is_read_back) {
  Names names;
  {
    OpenedLog opened = open();
    BOOST_TEST(opened.is_new);
    BOOST_TEST(opened.records.empty());
    for (int i = 0; i < 20; ++i) {
      names.push_back(put(opened.log, records.vertex(static_cast<std::size_t>(i) * 40)));
      names.push_back(put(opened.log, records.commit()));
    }
    opened.log.append(records.commit());
    BOOST_TEST(opened.log.has_pending());  // and is lost
  }
  for (int again = 0; again < 2; ++again) {
    OpenedLog opened = open();
    BOOST_TEST(!opened.is_new);
    BOOST_TEST(!opened.torn);
    BOOST_TEST(names_of(opened.records) == names, boost::test_tools::per_element());
    names.push_back(put(opened.log, records.commit()));
  }
}

BOOST_AUTO_TEST_CASE(its_file_is_its_owners_and_allocated_ahead) {
  const OpenedLog opened = open();
  struct stat status {};
  BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777) == 0600U);
  BOOST_TEST(static_cast<std::uint64_t>(status.st_size) == kSmall.zeroed_bytes);
  BOOST_TEST(opened.log.size() == 64U);
}

BOOST_AUTO_TEST_CASE(what_is_appended_during_a_flush_is_for_the_next) {
  {
    OpenedLog opened = open();
    opened.log.append(records.commit());
    LogFile::Flush flush = opened.log.begin_flush();
    BOOST_TEST(!opened.log.has_pending());
    opened.log.append(records.commit());
    BOOST_TEST(opened.log.has_pending());
    BOOST_TEST(flush.run().has_value());
    opened.log.end_flush(std::move(flush));
  }
  OpenedLog opened = open();
  BOOST_TEST((names_of(opened.records) == Names{"commit 1"}));
}

BOOST_AUTO_TEST_CASE(a_log_cut_at_any_byte_of_its_last_record_loses_that_and_no_other) {
  Names names;
  std::uint64_t before = 0, after = 0;
  {
    OpenedLog opened = open({.zeroed_bytes = 0, .step_bytes = 0});
    names.push_back(put(opened.log, records.vertex(20)));
    names.push_back(put(opened.log, records.commit()));
    before = opened.log.size();
    names.push_back(put(opened.log, records.vertex(20)));
    after = opened.log.size();
  }
  const std::string whole = content_of(path).substr(0, after);
  for (std::uint64_t size = before; size <= after; ++size) {
    folder.write("log", whole.substr(0, size));
    OpenedLog opened = open();
    BOOST_REQUIRE(opened.torn == (size > before && size < after));
    BOOST_REQUIRE(opened.records.size() == (size == after ? 3U : 2U));
    // It goes on from there.
    const std::string next = put(opened.log, records.commit());
    OpenedLog again = open();
    BOOST_REQUIRE(name_of(again.records.back()) == next);
    BOOST_REQUIRE(!again.torn);
  }
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_any_record_but_the_last_is_told) {
  std::vector<std::uint64_t> ends;
  {
    OpenedLog opened = open({.zeroed_bytes = 0, .step_bytes = 0});
    ends.push_back(opened.log.size());
    for (int i = 0; i < 3; ++i) {
      put(opened.log, records.vertex(10));
      ends.push_back(opened.log.size());
      put(opened.log, records.commit());
      ends.push_back(opened.log.size());
    }
  }
  const std::string whole = content_of(path).substr(0, ends.back());
  for (std::size_t record = 0; record + 2 < ends.size(); ++record) {
    for (std::uint64_t at = ends[record]; at < ends[record + 1]; ++at) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
      folder.write("log", flipped);
      const auto opened = try_open();
      BOOST_REQUIRE(!opened.has_value());
      BOOST_REQUIRE((opened.error().code == Errc::corrupt_file));
      BOOST_REQUIRE(says(opened.error(), path.string()));
      BOOST_REQUIRE(says(opened.error(), "at byte " + std::to_string(ends[record])));
      BOOST_REQUIRE(says(opened.error(), "new key in the next epoch"));
      BOOST_REQUIRE(content_of(path) == flipped);  // Left for whoever wants to know what happened.
    }
  }
}

BOOST_AUTO_TEST_CASE(another_epochs_log_is_refused) {
  { const OpenedLog opened = open(); }
  const consensus_test::Group next{4, 8};
  const auto opened = LogFile::open(disk, path, next.committee(), salt());
  BOOST_REQUIRE(!opened.has_value());
  BOOST_TEST(says(opened.error(), "epoch 7"));
}

BOOST_AUTO_TEST_CASE(a_restart_leaves_the_new_records_and_what_came_meanwhile) {
  Names names;
  {
    OpenedLog opened = open();
    LogFile& log = opened.log;
    for (int i = 0; i < 30; ++i) put(log, records.vertex(50));
    const std::uint64_t long_size = log.size();
    const std::vector<LogRecord> first = {records.base(), records.vertex()};
    LogFile::Restart restart = log.begin_restart(first, salt(2));
    names = names_of(first);
    names.push_back(put(log, records.commit()));  // to both
    BOOST_REQUIRE(restart.run().has_value());
    names.push_back(put(log, records.commit()));
    log.end_restart(std::move(restart));
    BOOST_TEST(log.is_restarting());
    BOOST_TEST(log.has_pending());
    names.push_back(put(log, records.commit()));
    BOOST_TEST(!log.is_restarting());
    BOOST_TEST(log.size() < long_size);
    names.push_back(put(log, records.commit()));
  }
  BOOST_TEST(!std::filesystem::exists(path.string() + ".next"));
  OpenedLog opened = open();
  BOOST_TEST(names_of(opened.records) == names, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(until_the_flush_that_takes_a_new_log_over_has_ended_there_is_no_next_one) {
  OpenedLog opened = open();
  LogFile& log = opened.log;
  const std::vector<LogRecord> first{records.base(), records.vertex()};
  LogFile::Restart restart = log.begin_restart(first, salt(2));
  BOOST_REQUIRE(restart.run().has_value());
  log.end_restart(std::move(restart));
  LogFile::Flush flush = log.begin_flush();
  BOOST_TEST(log.is_restarting());  // its file has not got its name yet: another's would be the same
  BOOST_REQUIRE(flush.run().has_value());
  BOOST_TEST(log.is_restarting());
  log.end_flush(std::move(flush));
  BOOST_TEST(!log.is_restarting());
}

BOOST_AUTO_TEST_CASE(a_restart_that_fails_changes_nothing) {
  MemoryDisk memory;
  auto opened = LogFile::open(memory, "log", records.group().committee(), salt(), kSmall);
  BOOST_REQUIRE(opened.has_value());
  Names names = {put(opened->log, records.vertex())};
  const std::vector<LogRecord> first = {records.base()};
  LogFile::Restart restart = opened->log.begin_restart(first, salt(2));
  memory.fail_at(3);
  BOOST_TEST(!restart.run().has_value());
  opened->log.end_restart(std::move(restart));
  BOOST_TEST(!opened->log.is_restarting());
  BOOST_TEST(!memory.exists("log.next"));
  names.push_back(put(opened->log, records.commit()));
  auto again = LogFile::open(memory, "log", records.group().committee(), salt(), kSmall);
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST(names_of(again->records) == names, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(after_a_failed_write_or_sync_nothing_more_is_written) {
  for (const std::uint64_t call : {1, 2, 3, 4, 5}) {
    MemoryDisk memory;
    auto opened = LogFile::open(memory, "log", records.group().committee(), salt(), {0, 0});
    BOOST_REQUIRE(opened.has_value());
    opened->log.append(records.vertex());
    memory.fail_at(call);
    const auto failed = flush(opened->log);
    if (call == 1) {  // The allocation: only a convenience.
      BOOST_TEST(failed.has_value());
      continue;
    }
    BOOST_REQUIRE(!failed.has_value());
    BOOST_TEST((failed.error().code == Errc::io_error));
    const std::uint64_t calls = memory.calls();
    opened->log.append(records.vertex());
    const auto again = flush(opened->log);
    BOOST_REQUIRE(!again.has_value());
    BOOST_TEST((again.error() == failed.error()));
    BOOST_TEST(memory.calls() == calls);
  }
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_and_costs_nothing_that_was_flushed) {
  const SmallFileSystem small{256};
  if (!small.is_mounted()) {
    BOOST_TEST_MESSAGE("skipped: this user may not mount a file system");
    return;
  }
  path = small.path() / "log";
  Names names;
  std::optional<Error> error;
  {
    OpenedLog opened = open({.zeroed_bytes = 64 << 10, .step_bytes = 64 << 10});
    while (!error) {
      const LogRecord record = records.vertex(300);
      opened.log.append(record);
      if (const auto flushed = flush(opened.log)) {
        names.push_back(name_of(record));
      } else {
        error = flushed.error();
      }
      BOOST_REQUIRE(names.size() < 200U);
    }
  }
  BOOST_TEST((error->code == Errc::io_error));
  BOOST_TEST(says(*error, path.string()));
  BOOST_TEST(says(*error, "No space left on device"));
  BOOST_TEST(names.size() > 50U);
  BOOST_REQUIRE(small.resize(1024));
  OpenedLog opened = open({.zeroed_bytes = 64 << 10, .step_bytes = 64 << 10});
  BOOST_TEST(names_of(opened.records) == names, boost::test_tools::per_element());
  for (int i = 0; i < 50; ++i) names.push_back(put(opened.log, records.vertex(300)));
  OpenedLog again = open();
  BOOST_TEST(names_of(again.records) == names, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_room_for_a_log_is_told_when_it_is_opened) {
  const SmallFileSystem small{64};
  if (!small.is_mounted()) {
    BOOST_TEST_MESSAGE("skipped: this user may not mount a file system");
    return;
  }
  path = small.path() / "log";
  const auto opened = try_open({.zeroed_bytes = 1 << 20, .step_bytes = 0});
  BOOST_REQUIRE(!opened.has_value());
  BOOST_TEST(says(opened.error(), "No space left on device"));
  path = folder.path() / "none" / "log";
  BOOST_TEST((try_open().error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_process_killed_while_it_appends_loses_nothing_that_it_flushed) {
  std::size_t flushed = 0;
  for (int kill = 0; kill < 8; ++kill) {
    std::array<int, 2> told{};
    BOOST_REQUIRE(::pipe(told.data()) == 0);
    const pid_t child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
      auto opened = try_open();
      for (bool good = opened.has_value(); good;) {
        const LogRecord record = records.vertex(80);
        opened->log.append(record);
        good = flush(opened->log).has_value();
        const char line = '\n';
        good = good && ::write(told[1], &line, 1) == 1;
      }
      ::_exit(1);
    }
    // Each time it is killed at another moment.
    char line = 0;
    for (int i = 0; i < 1 + kill * 5; ++i) {
      BOOST_REQUIRE(::read(told[0], &line, 1) == 1);
      ++flushed;
    }
    ::kill(child, SIGKILL);
    BOOST_TEST(::waitpid(child, nullptr, 0) == child);
    ::close(told[1]);
    while (::read(told[0], &line, 1) == 1) ++flushed;
    ::close(told[0]);
    const OpenedLog opened = open();
    // It may have been killed between a flush and telling.
    BOOST_REQUIRE(opened.records.size() >= flushed);
    BOOST_REQUIRE(opened.records.size() <= flushed + 1);
    flushed = opened.records.size();
  }
  BOOST_TEST(flushed > 100U);
}

BOOST_AUTO_TEST_SUITE_END()
