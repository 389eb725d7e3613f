// How a committee may change from one epoch to the next, and how an operator approves of that.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

#include "../../../support/expect_success.hpp"
#include "../../../support/temporary_directory.hpp"
#include "membership/folder_names.hpp"
#include "myelin/validator/next_committee.hpp"

namespace myelin::validator {

namespace {

Member member(std::string name) {
  Member made{.public_key = {}, .name = name, .address = "10.0.0.1:47"};
  std::ranges::copy(name, made.public_key.bytes.begin());
  return made;
}

CommitteeFile committee_of_names(std::initializer_list<const char*> names) {
  CommitteeFile committee{.epoch = 7, .members = {}};
  for (const char* name : names) committee.members.push_back(member(name));
  return committee;
}

std::string names_in(const CommitteeFile& committee) {
  std::string names;
  for (const Member& each : committee.members) names += each.name + ' ';
  return names;
}

void check_refused(const auto& result, std::string_view what) {
  BOOST_REQUIRE(!result.has_value());
  BOOST_TEST(result.error().message.find(what) != std::string::npos, result.error().message);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(next_committees)

BOOST_AUTO_TEST_CASE(one_takes_the_place_of_another) {
  const CommitteeFile now = committee_of_names({"a", "b", "c", "d"});
  const auto next = with_replaced(now, "c", member("x"));
  test::require_success(next);
  BOOST_TEST(next->epoch == 8U);
  BOOST_TEST(names_in(*next) == "a b x d ");
  Member nameless = member("y");
  nameless.name.clear();
  nameless.address.clear();
  const auto same_name = with_replaced(now, "c", nameless);
  test::require_success(same_name);
  BOOST_TEST((same_name->members[2].public_key == nameless.public_key));
  BOOST_TEST(same_name->members[2].name == "c");
  BOOST_TEST(same_name->members[2].address == now.members[2].address);
}

BOOST_AUTO_TEST_CASE(one_comes_or_goes) {
  const CommitteeFile now = committee_of_names({"a", "b", "c", "d"});
  const auto more = with_added(now, member("x"));
  test::require_success(more);
  BOOST_TEST(names_in(*more) == "a b c d x ");
  const auto less = with_removed(now, "b");
  test::require_success(less);
  BOOST_TEST(names_in(*less) == "a c d ");
  const auto two = with_added(committee_of_names({"a"}), member("x"));
  test::require_success(two);
  BOOST_TEST(names_in(*two) == "a x ");
}

BOOST_AUTO_TEST_CASE(others_that_stay_may_move_to_other_addresses) {
  const CommitteeFile now = committee_of_names({"a", "b", "c", "d"});
  auto next = with_replaced(now, "c", member("x"));
  test::require_success(next);
  next->members[0].address = "10.0.0.2:48";
  test::require_success(check_step(now, *next));
}

BOOST_AUTO_TEST_CASE(what_may_not_follow_is_refused_with_what_is_wrong) {
  const CommitteeFile now = committee_of_names({"a", "b", "c", "d"});
  check_refused(with_replaced(now, "e", member("x")), "there are: a, b, c, d");
  check_refused(with_removed(now, "e"), "no validator 'e'");
  check_refused(with_replaced(now, "c", member("c")), "same public keys");
  check_refused(with_replaced(now, "c", member("a")), "two validators with the public key");
  check_refused(with_added(now, member("a")), "two validators with the public key");
  check_refused(with_removed(committee_of_names({"a"}), "a"), "a single validator");
  check_refused(with_replaced(committee_of_names({"a"}), "a", member("x")), "a single validator");
  Member namesake = member("x");
  namesake.name = "a";
  check_refused(with_added(now, namesake), "two validators of the name 'a'");
  namesake.name.clear();
  check_refused(with_added(now, namesake), "no name");
  const auto step = [&](CommitteeFile next, consensus::Epoch epoch = 8) {
    next.epoch = epoch;
    return check_step(now, next);
  };
  check_refused(step(committee_of_names({"a", "b", "c"}), 9), "epoch 8 is next");
  check_refused(step(committee_of_names({"a", "b", "x", "y"})), "2 public keys are new");
  check_refused(step(committee_of_names({"a", "b"})), "2 are gone");
  check_refused(step(committee_of_names({"b", "a", "c", "d", "x"})), "another place");
  check_refused(step(committee_of_names({"a", "x", "b", "d"})), "is to have the place of 'c'");
  CommitteeFile renamed = committee_of_names({"a", "b", "c", "d", "x"});
  renamed.members[1].name = "z";
  check_refused(step(renamed), "another place or name");
}

BOOST_AUTO_TEST_CASE(an_operator_approves_where_the_validator_has_run) {
  const test::TemporaryDirectory folder;
  const CommitteeFile now = committee_of_names({"a", "b", "c", "d"});
  const auto next = with_removed(now, "d");
  test::require_success(next);
  check_refused(approve_next(folder.path(), *next), "has run");
  test::require_success(save_committee_file(committee_of_validator(folder.path()), now));
  const auto approved = approve_next(folder.path(), *next);
  test::require_success(approved);
  BOOST_TEST((*approved == now));
  const auto written = load_committee_file(wanted_by_operator(folder.path()));
  test::require_success(written);
  BOOST_TEST((*written == *next));
  check_refused(approve_next(folder.path(), now), "epoch 8 is next");
}

BOOST_AUTO_TEST_CASE(what_a_validator_has_begun_counts_for_more_than_a_file) {
  const test::TemporaryDirectory folder;
  const CommitteeFile own = committee_of_names({"a", "b", "c", "d"});
  const auto believed = [&](const CommitteeFile& given, bool joins = false) {
    const auto committee = believed_committee(folder.path(), given, joins);
    test::require_success(committee);
    return *committee;
  };
  auto later = with_replaced(own, "c", member("x"));
  test::require_success(later);
  later->members[0].address = "10.0.0.2:48";
  BOOST_TEST((believed(*later) == *later));
  test::require_success(save_committee_file(committee_of_validator(folder.path()), own));
  CommitteeFile moved = own;
  moved.members[0].address = "10.0.0.2:48";
  BOOST_TEST((believed(*later) == moved));
  BOOST_TEST((believed(*later, true) == *later));
  BOOST_TEST((believed(moved) == moved));
  CommitteeFile earlier = moved;
  earlier.epoch = 6;
  BOOST_TEST((believed(earlier) == own));
  CommitteeFile others = committee_of_names({"a", "b", "c", "x"});
  check_refused(believed_committee(folder.path(), others, false), "other validators in epoch 7");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::validator
