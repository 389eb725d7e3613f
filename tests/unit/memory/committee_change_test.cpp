// Validators in processes of their own come, go, and take each other's place.
#include <array>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "agents/lone_folder.hpp"
#include "lone_group.hpp"
#include "myelin/consensus/state_machine.hpp"

namespace myelin {

namespace {

using test::comes_true;
using test::LoneGroup;
using validator::CommitteeFile;

/// The group's files name it from now on. Who is new has an address once it was started.
CommitteeFile next_of(LoneGroup& group, const Result<CommitteeFile>& made) {
  test::require_success(made);
  group.committee = *made;
  return *made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(committee_changes)

BOOST_AUTO_TEST_CASE(one_whose_disk_is_lost_is_replaced_by_one_with_a_new_key_and_the_same_name) {
  LoneGroup group{4};
  group.put("before");
  group.stop("v2");
  std::filesystem::remove_all(group.folder_of("v2"));
  group.put("while it is gone");
  next_of(group, validator::with_replaced(group.committee, "v2", group.make_member("v2", "new disk")));
  group.start("v2", true);
  const auto next = group.committee;
  group.approve({"v0", "v1", "v3"}, next);
  BOOST_TEST(group.comes_to("v2", 1, "v0"));
  group.put("after");
  // It takes part: without it three of four would not be there.
  group.stop("v0");
  group.put("without v0");
  BOOST_TEST(group.comes_to("v2", 1, "v1"));
  for (const char* key : {"before", "while it is gone", "after"}) BOOST_TEST(group.get(key) == "1", key);
  BOOST_TEST((group.committee_at("v1").members[2].public_key == next.members[2].public_key));
  BOOST_TEST(!std::filesystem::exists(group.folder_of("v1") / "next.toml"));
  // One that was stopped starts again in the new epoch, whatever the epoch of the file that it is given.
  group.committee.epoch = 0;
  group.start("v0");
  BOOST_TEST(group.committee_at("v0").epoch == 1U);
}

BOOST_AUTO_TEST_CASE(a_change_goes_on_when_all_were_killed_in_the_middle_of_it) {
  LoneGroup group{4};
  group.put("before");
  next_of(group, validator::with_replaced(group.committee, "v2", group.make_member("w")));
  group.start("w", true);
  group.approve({"v0", "v1", "v3"}, group.committee);
  const std::vector<std::string> all{"v0", "v1", "v2", "v3", "w"};
  const auto start_all = [&] {
    for (const std::string& name : all) group.stop(name);
    // Some of them have not begun the epoch that the file names.
    for (const std::string& name : all) {
      if (name != "v2") group.start(name, name == "w");
    }
  };
  start_all();
  BOOST_TEST(comes_true([&] { return group.status("v0").has_ended || group.committee_at("v0").epoch == 1U; }));
  start_all();
  BOOST_TEST(comes_true([&] { return group.committee_at("v1").epoch == 1U; }));
  start_all();
  for (const char* name : {"v0", "v1", "v3", "w"}) BOOST_TEST(group.comes_to(name, 1, "v0"), name);
  group.connect();
  BOOST_TEST(group.get("before") == "1");
  group.put("after");
}

BOOST_AUTO_TEST_CASE(a_file_that_nobody_has_agreed_on_stops_nobody) {
  LoneGroup group{4};
  group.put("before");
  const auto now = group.committee;
  next_of(group, validator::with_replaced(group.committee, "v2", group.make_member("w")));
  for (const char* name : {"v0", "v1", "v3"}) group.stop(name);
  for (const char* name : {"v0", "v1", "v3"}) group.start(name);
  group.put("after");
  for (const char* name : {"v0", "v1", "v3"}) BOOST_TEST(group.committee_at(name).epoch == 0U, name);
  // Nor is one that has others in the same epoch.
  group.stop("v0");
  group.committee = now;
  group.committee.members[3].public_key.bytes[0] ^= 1U;
  BOOST_TEST((group.try_start("v0").error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(one_more_is_added_and_bears_the_loss_of_another) {
  LoneGroup group{3};
  group.put("before");
  next_of(group, validator::with_added(group.committee, group.make_member("v3")));
  // It may be there before the others have agreed on it.
  group.start("v3", true);
  BOOST_TEST(!group.status("v3").waiting.empty());
  group.approve({"v0", "v1", "v2"}, group.committee);
  BOOST_TEST(group.comes_to("v3", 1, "v0"));
  group.connect();
  group.put("after");
  group.stop("v1");
  group.put("without v1");
  BOOST_TEST(group.get("before") == "1");
}

BOOST_AUTO_TEST_CASE(one_that_is_removed_ends_and_stays_away) {
  LoneGroup group{5};
  group.put("before");
  const auto next = next_of(group, validator::with_removed(group.committee, "v3"));
  group.approve({"v0", "v1", "v2", "v3"}, next);
  BOOST_TEST(comes_true([&] { return group.status("v3").halted.find("no member") != std::string::npos; }));
  for (const char* name : {"v0", "v1", "v2", "v4"}) BOOST_TEST(group.comes_to(name, 1, "v0"), name);
  group.connect();
  group.put("after");
  BOOST_TEST(group.get("before") == "1");
  // Started anew, with the file of before.
  group.committee = group.committee_at("v3");
  for (validator::Member& member : group.committee.members) {
    for (const validator::Member& now : next.members) {
      if (member.name == now.name) member.address = group.process(now.name).node->address();
    }
  }
  group.stop("v3");
  group.start("v3");
  BOOST_TEST(comes_true([&] { return group.status("v3").halted.find("no member") != std::string::npos; }));
}

BOOST_AUTO_TEST_CASE(one_that_was_away_meanwhile_is_given_the_state_and_goes_on) {
  LoneGroup group{4};
  group.put("before");
  group.stop("v3");
  const auto before = group.committee;
  next_of(group, validator::with_replaced(group.committee, "v2", group.make_member("w")));
  group.start("w", true);
  group.approve({"v0", "v1", "v2"}, group.committee);
  BOOST_TEST(group.comes_to("w", 1, "v0"));
  group.connect();
  group.put("meanwhile");
  // It knows only those of before, of whom one has gone.
  const auto now = group.committee;
  group.committee = before;
  group.committee.members[0].address = group.process("v0").node->address();
  group.committee.members[1].address = group.process("v1").node->address();
  group.committee.members[2].address.clear();
  group.start("v3");
  BOOST_TEST(group.comes_to("v3", 1, "v0"));
  BOOST_TEST(group.committee_at("v3").members[2].name == "w");
  group.stop("v1");
  group.committee = now;
  group.put("without v1");
  BOOST_TEST(group.get("meanwhile") == "1");
}

BOOST_AUTO_TEST_CASE(fewer_than_a_quorum_change_nothing_and_may_think_better_of_it) {
  LoneGroup group{4};
  const auto before = group.committee;
  const auto unwanted = validator::with_replaced(before, "v1", group.make_member("x"));
  test::require_success(unwanted);
  next_of(group, validator::with_replaced(before, "v2", group.make_member("w")));
  group.start("w", true);
  group.approve({"v0", "v1"}, *unwanted);
  group.put("one");
  // Two for the one, one for the other.
  group.approve({"v3"}, group.committee);
  for (int i = 0; i < 20; ++i) group.put("some " + std::to_string(i));
  for (const char* name : {"v0", "v1", "v2", "v3"}) BOOST_TEST(group.committee_at(name).epoch == 0U, name);
  group.approve({"v0", "v1"}, group.committee);
  BOOST_TEST(group.comes_to("w", 1, "v0"));
  BOOST_TEST(group.comes_to("v1", 1, "v0"));
  BOOST_TEST(comes_true([&] { return group.status("v2").halted.find("no member") != std::string::npos; }));
}

BOOST_AUTO_TEST_CASE(a_group_of_one_grows) {
  LoneGroup group{1};
  group.put("before");
  for (consensus::Epoch epoch = 1; epoch <= 3; ++epoch) {
    const std::string name = "v" + std::to_string(epoch);
    next_of(group, validator::with_added(group.committee, group.make_member(name)));
    group.start(name, true);
    const auto next = group.committee;
    for (consensus::Epoch i = 0; i < epoch; ++i) {
      test::require_success(validator::approve_next(group.folder_of("v" + std::to_string(i)), next));
    }
    for (const validator::Member& member : next.members) BOOST_TEST(group.comes_to(member.name, epoch, "v0"));
  }
  group.connect();
  group.put("after");
  group.stop("v0");
  group.put("without v0");
  BOOST_TEST(group.get("before") == "1");
}

BOOST_AUTO_TEST_CASE(a_folder_with_a_key_alone_joins_only_where_its_key_is_said_to_be_new) {
  LoneGroup group{4};
  group.put("before");
  next_of(group, validator::with_replaced(group.committee, "v2", group.make_member("w")));
  const auto refused = group.try_start("w");
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::corrupt_file));
  BOOST_TEST(refused.error().message.find("--joins") != std::string::npos, refused.error().message);
  group.start("w", true);
  group.approve({"v0", "v1", "v3"}, group.committee);
  BOOST_TEST(group.comes_to("w", 1, "v0"));
  group.stop("w");
  // Its log is lost: it may have voted.
  for (const char* gone : {"state", "log-1", "start-1"}) std::filesystem::remove(group.folder_of("w") / gone);
  const auto lost = group.try_start("w", true);
  BOOST_REQUIRE(!lost);
  BOOST_TEST((lost.error().code == Errc::corrupt_file));
  // Somebody who has not been asked to join.
  const auto stranger = group.make_member("stranger");
  BOOST_TEST((group.try_start("stranger", true).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(what_another_gives_as_an_epoch_s_start_is_compared_with_what_was_told) {
  const test::TemporaryDirectory folder;
  const validator::LoneFolder mine{folder.path()};
  test::require_success(validator::create_key_file(mine.key_path()));
  const std::array<std::uint8_t, 32> seed{1};
  const consensus::KeyPair key{seed};
  const consensus::Ed25519Checker checker;
  consensus::ExecutionOptions options{.executor = consensus::Executor::sequential};
  options.validators = {key.public_key()};
  options.checker = &checker;
  consensus::StateMachine theirs{options};
  const std::vector<consensus::PublicKey> next{key.public_key()};
  const std::vector<consensus::Approval> approvals{{0, key.sign(consensus::next_committee_digest(0, next))}};
  const std::vector<consensus::Transaction> all{consensus::Transaction::put("colour", "blue"),
                                                consensus::Transaction::reconfigure(0, next, approvals)};
  const std::vector<std::byte> batch = consensus::write_batch(7, 1, all);
  test::require_success(
      theirs.apply(consensus::OrderedBatches{.index = 1, .time = 5, .batches = {batch}, .digests = {}}));
  const consensus::IndexedDigest state = theirs.state();
  const validator::EpochRecord record{1, {{}, state.digest, state.index, theirs.time()}, 0, next};
  const std::vector<std::byte> good = theirs.snapshot();

  std::vector<std::byte> bad = good;
  bad[bad.size() / 2] ^= std::byte{1};
  BOOST_TEST(!mine.take_start(record, bad));
  BOOST_TEST(!mine.take_start(record, std::vector<std::byte>(good.begin(), good.end() - 8)));
  validator::EpochRecord other = record;
  other.epoch = 2;
  BOOST_TEST(!mine.take_start(other, good));
  other = record;
  other.validators[0].bytes[0] ^= 1U;
  BOOST_TEST(!mine.take_start(other, good));
  other = record;
  ++other.start.time;
  BOOST_TEST(!mine.take_start(other, good));
  BOOST_TEST(!std::filesystem::exists(folder.path() / "state"));
  test::require_success(mine.take_start(record, good));
  const auto stored = mine.stored_epoch();
  test::require_success(stored);
  BOOST_REQUIRE(stored->has_value());
  BOOST_TEST((*stored)->epoch == 1U);
  // What was there is kept where what comes is bad.
  BOOST_TEST(!mine.take_start(record, bad));
  BOOST_TEST((*mine.stored_epoch())->epoch == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
