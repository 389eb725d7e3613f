// The simulated disk keeps what it promised, and loses the rest in every way there is.
#include "faults/disk.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

using myelin::sim::Disk;
using myelin::sim::Random;
using myelin::sim::TailFate;

namespace {

std::vector<std::byte> bytes(std::size_t count, int value) { return std::vector(count, static_cast<std::byte>(value)); }

/// 600 synced bytes of 1, then 2,000 of 2 that are not.
Disk half_synced() {
  Disk disk;
  (void)disk.append(bytes(600, 1));
  (void)disk.sync();
  (void)disk.append(bytes(2'000, 2));
  return disk;
}

std::ptrdiff_t count(const Disk& disk, int value) {
  return std::ranges::count(disk.content(), static_cast<std::byte>(value));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(disk)

BOOST_AUTO_TEST_CASE(what_was_synced_survives_every_crash) {
  for (const auto fate : {TailFate::kept, TailFate::lost, TailFate::cut_short, TailFate::torn, TailFate::reordered}) {
    Random random{3};
    Disk disk = half_synced();
    disk.crash(fate, random);
    BOOST_TEST(count(disk, 1) == 600);
    BOOST_TEST(disk.size() == 2'600U);
  }
}

BOOST_AUTO_TEST_CASE(each_fate_of_the_tail_is_its_own) {
  const auto after = [](TailFate fate, std::uint64_t seed) {
    Random random{seed};
    Disk disk = half_synced();
    disk.crash(fate, random);
    return disk;
  };
  BOOST_TEST(count(after(TailFate::kept, 1), 2) == 2'000);
  BOOST_TEST(count(after(TailFate::lost, 1), 2) == 0);
  bool was_cut_within_a_sector = false;
  bool has_hole = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Disk cut = after(TailFate::cut_short, seed);
    const auto kept = static_cast<std::size_t>(600 + count(cut, 2));
    BOOST_TEST((kept == 600 || kept % Disk::kSectorBytes == 0));
    const auto torn = static_cast<std::size_t>(600 + count(after(TailFate::torn, seed), 2));
    was_cut_within_a_sector = was_cut_within_a_sector || torn % Disk::kSectorBytes != 0;
    const Disk reordered = after(TailFate::reordered, seed);
    const auto tail = reordered.content().subspan(600);
    const auto first_zero = std::ranges::find(tail, std::byte{0});
    has_hole = has_hole || std::find(first_zero, tail.end(), std::byte{2}) != tail.end();
  }
  BOOST_TEST(was_cut_within_a_sector);
  BOOST_TEST(has_hole);
}

BOOST_AUTO_TEST_CASE(a_full_disk_takes_a_beginning) {
  Disk disk{100};
  BOOST_TEST((disk.append(bytes(60, 1)) == Disk::Outcome::done));
  BOOST_TEST((disk.append(bytes(60, 2)) == Disk::Outcome::no_space));
  BOOST_TEST(disk.size() == 100U);
  disk.repair();
  BOOST_TEST((disk.append(bytes(60, 3)) == Disk::Outcome::done));
}

BOOST_AUTO_TEST_CASE(a_failing_sync_promises_nothing) {
  Disk disk;
  (void)disk.append(bytes(60, 1));
  disk.fail_syncs();
  BOOST_TEST((disk.sync() == Disk::Outcome::io_error));
  BOOST_TEST(disk.promised() == 0U);
}

BOOST_AUTO_TEST_CASE(a_lying_sync_promises_what_a_crash_takes) {
  Random random{1};
  Disk disk;
  disk.lie_on_syncs();
  (void)disk.append(bytes(60, 1));
  BOOST_TEST((disk.sync() == Disk::Outcome::done));
  BOOST_TEST(disk.promised() == 60U);
  disk.crash(TailFate::lost, random);
  BOOST_TEST(count(disk, 1) == 0);
}

BOOST_AUTO_TEST_CASE(one_bit_turns_over_of_what_was_synced) {
  Random random{1};
  Disk disk = half_synced();
  BOOST_TEST(disk.flip_bit(random));
  BOOST_TEST(count(disk, 1) == 599);
  BOOST_TEST(count(disk, 2) == 2'000);
  Disk fresh;
  BOOST_TEST(!fresh.flip_bit(random));
}

BOOST_AUTO_TEST_SUITE_END()
