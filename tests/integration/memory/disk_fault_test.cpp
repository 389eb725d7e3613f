// Groups whose disks fail while they work: a validator that cannot keep what it says stops, the others go on, and what
// was acknowledged is there when it comes back.
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "../../support/comes_true.hpp"
#include "../../support/disk_faults.hpp"
#include "../../support/expect_success.hpp"
#include "../../support/small_file_system.hpp"
#include "../../support/temporary_directory.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/validator/group.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using test::DiskFaults;
using validator::ValidatorGroup;

constexpr Duration kLimit = 60s;
constexpr std::size_t kValidators = 4;
constexpr std::size_t kVictim = 2;

std::string value_of(const std::string& key) { return std::string(16'000, 'x') + key; }

/// Each saves its state after every put, and begins a new log after every few, or as usual.
constexpr validator::SavingOptions kOften{.payload_bytes_per_save = 4096, .log_bytes_kept = 64 << 10};
constexpr validator::SavingOptions kOneLog{.payload_bytes_per_save = 4096};

struct Fixture {
  Fixture(const std::filesystem::path& folder, const validator::SavingOptions& saving)
      : mesh{{.workers = 2, .job_threads = 4}}, folder_{folder}, saving_{saving} {
    start();
  }
  void start() {
    auto started = ValidatorGroup::start(mesh, {.validators = kValidators, .folder = folder_, .saving = saving_});
    test::require_success(started);
    group.emplace(std::move(*started));
    memory = Memory::start_session(mesh, group->directory(), {.patience = 100ms});
  }
  /// One more, large enough that states are saved soon.
  Result<void> put(Duration limit = kLimit) {
    const std::string key = "key" + std::to_string(acknowledged);
    auto done = mesh.ask(memory.put(key, value_of(key)), limit);
    if (done) ++acknowledged;
    return done;
  }
  void require_all_there() {
    for (std::size_t i = 0; i < acknowledged; ++i) {
      const std::string key = "key" + std::to_string(i);
      const auto value = mesh.ask(memory.get(key), kLimit);
      test::require_success(value);
      BOOST_REQUIRE_MESSAGE(value->has_value(), key << " was acknowledged, and is lost");
      BOOST_REQUIRE((*value)->text() == value_of(key));
    }
  }
  [[nodiscard]] std::size_t halted() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < kValidators; ++i) count += group->status(i).halted.empty() ? 0 : 1;
    return count;
  }

  Mesh mesh;
  std::optional<ValidatorGroup> group;
  Memory memory;
  std::size_t acknowledged = 0;

 private:
  std::filesystem::path folder_;
  validator::SavingOptions saving_;
};

/// The victim's file fails for good, until it has stopped; then the disk is good again, and it comes back.
void run_with_bad_file(const std::string& file, int error, const std::string& reason) {
  const test::TemporaryDirectory folder;
  Fixture f{folder.path(), kOften};
  for (int i = 0; i < 10; ++i) test::require_success(f.put());
  {
    const DiskFaults faults{"validator" + std::to_string(kVictim) + "/" + file, 1, error, DiskFaults::Lasts::for_good};
    const auto has_stopped = [&] {
      test::require_success(f.put());
      return !f.group->status(kVictim).halted.empty();
    };
    BOOST_REQUIRE(test::comes_true(has_stopped));
    BOOST_TEST(faults.has_failed());
    for (int i = 0; i < 10; ++i) test::require_success(f.put());
  }
  const std::string why = f.group->status(kVictim).halted;
  BOOST_TEST(why.find(reason) != std::string::npos, why);
  BOOST_TEST(why.find("validator" + std::to_string(kVictim)) != std::string::npos, why);
  BOOST_TEST(f.halted() == 1U);
  f.group->crash(kVictim);
  test::require_success(f.group->restart(kVictim));
  // Without it nothing is agreed on now.
  f.group->crash((kVictim + 1) % kValidators);
  for (int i = 0; i < 10; ++i) test::require_success(f.put());
  f.require_all_there();
  BOOST_TEST(f.group->status(kVictim).halted.empty());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(disk_faults)

BOOST_AUTO_TEST_CASE(whose_state_cannot_be_saved_stops_and_comes_back_with_all_of_it) {
  run_with_bad_file("state", EIO, "Input/output error");
}

BOOST_AUTO_TEST_CASE(whose_log_cannot_be_written_stops_and_comes_back_with_all_of_it) {
  run_with_bad_file("log-0", EIO, "Input/output error");
}

BOOST_AUTO_TEST_CASE(a_group_on_a_full_disk_says_so_and_with_room_has_all_that_was_acknowledged) {
  // Their logs begin with zeros, and are below the size at which a new one is begun until the states have filled the
  // rest: 3 MiB for each.
  constexpr std::size_t kKilobytes = kValidators * ((16 + 3) << 10);
  const test::SmallFileSystem small{kKilobytes};
  if (!small.is_mounted()) {
    BOOST_TEST_MESSAGE("skipped: this user may not mount a file system");
    return;
  }
  Fixture f{small.path() / "group", kOneLog};
  // With two of them gone nothing is agreed on any more.
  const auto is_full = [&] {
    static_cast<void>(f.put(1s));
    return f.halted() > 1;
  };
  BOOST_REQUIRE(test::comes_true(is_full));
  BOOST_TEST(f.acknowledged > 20U);
  for (std::size_t i = 0; i < kValidators; ++i) {
    const std::string why = f.group->status(i).halted;
    const bool names_reason = why.empty() || why.find("No space left on device") != std::string::npos ||
                              why.find("the disk may be full") != std::string::npos;
    BOOST_TEST(names_reason, why);
  }
  f.memory = {};
  f.group.reset();
  BOOST_REQUIRE(small.resize(4 * kKilobytes));
  f.start();
  f.require_all_there();
  for (int i = 0; i < 50; ++i) test::require_success(f.put());
  BOOST_TEST(f.halted() == 0U);
  BOOST_TEST_MESSAGE(f.acknowledged << " values acknowledged, all there");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
