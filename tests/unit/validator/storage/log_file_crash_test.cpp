// A log on a disk that fails at any call, or a machine that stops there: what a flush said is on disk is there
// afterwards, in order, and nothing else than what was appended.
#include <boost/test/unit_test.hpp>
#include <optional>
#include <utility>

#include "log_records.hpp"
#include "memory_disk.hpp"
#include "myelin/validator/log_file.hpp"

using namespace myelin;
using namespace myelin::validator;
using namespace myelin::validator::test;
using myelin::test::MemoryDisk;

namespace {

/// What a log may hold: all of `names`, or its first ones, `least` of them at least.
struct Expected {
  Names names;
  std::size_t least = 0;

  [[nodiscard]] bool fits(const Names& found) const {
    return found.size() >= least && found.size() <= names.size() &&
           std::equal(found.begin(), found.end(), names.begin());
  }
};

/// Appends, flushes and restarts as a seed has it, and knows what must be on disk.
class History {
 public:
  explicit History(std::uint64_t seed) : random_{seed} {}

  MemoryDisk disk;

  /// Opens the log, checks what is in it, and works on it until something fails.
  void work(int steps) {
    auto opened = LogFile::open(disk, "log", records_.group().committee(), salt(next_salt_++),
                                {.zeroed_bytes = 1024, .step_bytes = 2048});
    if (!opened) {
      BOOST_TEST((opened.error().code == Errc::io_error));
      return;
    }
    take_in(names_of(opened->records));
    LogFile& log = opened->log;
    for (int step = 0; step < steps; ++step) {
      const std::uint64_t choice = random() % 10;
      if (choice < 6) {
        append(log);
      } else if (choice < 9) {
        if (!flush(log)) return check_refuses(log);
      } else if (!log.is_restarting()) {
        restart(log);
      }
    }
  }
  /// Checks what is in the log, with nothing failing.
  void check() {
    disk.fail_at(0);
    work(0);
  }

 private:
  void append(LogFile& log) {
    const LogRecord record = random() % 3 == 0 ? records_.commit() : records_.vertex(random() % 3 * 60);
    log.append(record);
    now_.names.push_back(name_of(record));
    if (next_) next_->push_back(name_of(record));
  }

  bool flush(LogFile& log) {
    LogFile::Flush flush = log.begin_flush();
    if (is_ready_) {
      before_ = std::exchange(now_, {*std::exchange(next_, std::nullopt), 0});
      now_.least = now_.names.size();  // It is put in the old one's place when it is whole.
      is_ready_ = false;
    }
    const std::size_t flushed = now_.names.size();
    if (random() % 2 == 0) append(log);
    const bool good = flush.run().has_value();
    if (good) {
      before_.reset();
      now_.least = flushed;
    }
    log.end_flush(std::move(flush));
    return good;
  }

  void restart(LogFile& log) {
    const std::vector<LogRecord> first = {records_.base(), records_.vertex(random() % 2 * 100), records_.vertex()};
    LogFile::Restart restart = log.begin_restart(first, salt(next_salt_++));
    next_ = names_of(first);
    append(log);
    if (restart.run()) {
      is_ready_ = true;
    } else {
      next_.reset();
    }
    log.end_restart(std::move(restart));
    BOOST_TEST(log.is_restarting() == is_ready_);
    append(log);
  }

  void check_refuses(LogFile& log) {
    log.append(records_.commit());
    LogFile::Flush again = log.begin_flush();
    const std::uint64_t calls = disk.calls();
    BOOST_TEST(!again.run().has_value());
    BOOST_TEST(disk.calls() == calls);
    log.end_flush(std::move(again));
  }

  void take_in(Names found) {
    const bool fits = now_.fits(found) || (before_ && before_->fits(found));
    BOOST_REQUIRE_MESSAGE(fits, "found " << found.size() << " records, not " << now_.least << " to "
                                         << now_.names.size() << ", or others");
    now_ = {found, found.size()};  // Whoever opened it may rely on it.
    before_.reset();
    next_.reset();
    is_ready_ = false;
  }

  std::uint64_t random() {
    random_ = random_ * 6364136223846793005 + 1442695040888963407;
    return random_ >> 33;
  }

  LogRecords records_;
  std::uint64_t random_;
  std::uint8_t next_salt_ = 1;
  Expected now_;
  std::optional<Expected> before_;  // the old log, while a flush puts the new one in its place
  std::optional<Names> next_;       // of the log that is to be
  bool is_ready_ = false;
};

constexpr int kSteps = 40;
constexpr std::uint64_t kSeeds = 12;

std::uint64_t calls_of(std::uint64_t seed) {
  History history{seed};
  history.work(kSteps);
  return history.disk.calls();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_file_crashes)

BOOST_AUTO_TEST_CASE(nothing_flushed_is_lost_when_the_machine_stops_at_any_call) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::uint64_t calls = calls_of(seed);
    BOOST_REQUIRE(calls > 20U);
    for (std::uint64_t call = 1; call <= calls; ++call) {
      BOOST_TEST_CONTEXT("seed " << seed << ", call " << call) {
        History history{seed};
        history.disk.fail_at(call);
        history.work(kSteps);
        BOOST_TEST(history.disk.has_failed());
        history.disk.crash(seed * 1000 + call);
        // And it goes on from there.
        history.work(kSteps);
        history.disk.crash(seed * 1000 + call + 7);
        history.check();
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_read_after_a_failed_sync_is_on_disk_before_it_is_relied_on) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::uint64_t calls = calls_of(seed);
    for (std::uint64_t call = 1; call <= calls; ++call) {
      BOOST_TEST_CONTEXT("seed " << seed << ", call " << call) {
        History history{seed};
        history.disk.lose_what_failed_to_sync();
        history.disk.fail_at(call);
        history.work(kSteps);
        // The process starts again on the same system, which still shows what it did not write.
        history.work(0);
        history.disk.crash(seed * 1000 + call);
        history.check();
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
