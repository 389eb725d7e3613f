// What a validator makes of what others say of epochs, liars among them.
#include <array>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>
#include <vector>

#include "../../support/expect_success.hpp"
#include "agents/succession.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/serialization/frame_builder.hpp"
#include "myelin/validator/next_committee.hpp"

namespace myelin::validator {

namespace {

struct Fixture {
  explicit Fixture(std::size_t validators = 4) : words(validators) {
    for (std::size_t i = 0; i < validators + 2; ++i) {
      std::array<std::uint8_t, 32> seed{};
      seed[0] = static_cast<std::uint8_t>(i + 1);
      keys.push_back(std::make_unique<consensus::KeyPair>(seed));
    }
    file.epoch = 3;
    for (std::size_t i = 0; i < validators; ++i) {
      file.members.push_back({keys[i]->public_key(), "v" + std::to_string(i), {}});
    }
    auto made = committee_of(file);
    test::require_success(made);
    committee.emplace(*std::move(made));
    auto first = with_replaced(file, "v1", {keys[validators]->public_key(), "x", {}});
    auto second = with_replaced(file, "v1", {keys[validators + 1]->public_key(), "y", {}});
    test::require_success(first);
    test::require_success(second);
    next = *first;
    other = *second;
  }
  void approve(std::size_t validator, const CommitteeFile& what) {
    const consensus::Digest digest = consensus::next_committee_digest(file.epoch, keys_of(what));
    words[validator] = {
        .is_here = true, .epoch = file.epoch, .next = ApprovedNext{what, keys[validator]->sign(digest)}};
  }
  void come_to(std::size_t validator, const CommitteeFile& what, std::uint8_t root = 1) {
    words[validator] = {.is_here = true, .epoch = what.epoch, .committee = what};
    words[validator].start.index = 64;
    words[validator].start.state_root.bytes[0] = root;
  }
  [[nodiscard]] std::optional<AgreedNext> agreed() const { return agreed_next(*committee, words, checker); }

  std::vector<std::unique_ptr<consensus::KeyPair>> keys;
  CommitteeFile file, next, other;
  std::optional<consensus::Committee> committee;
  std::vector<EpochWord> words;
  consensus::Ed25519Checker checker;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(succession)

BOOST_AUTO_TEST_CASE(a_quorum_of_good_approvals_of_the_same_is_enough_and_less_is_not) {
  Fixture f;
  BOOST_TEST(!f.agreed());
  f.approve(0, f.next);
  f.approve(3, f.next);
  BOOST_TEST(!f.agreed());
  f.approve(2, f.other);
  BOOST_TEST(!f.agreed());
  f.approve(2, f.next);
  const auto agreed = f.agreed();
  BOOST_REQUIRE(agreed.has_value());
  BOOST_TEST((agreed->committee == f.next));
  BOOST_REQUIRE(agreed->approvals.size() == 3U);
  BOOST_TEST(agreed->approvals[0].validator == 0);
  BOOST_TEST(agreed->approvals[1].validator == 2);
  BOOST_TEST(agreed->approvals[2].validator == 3);
}

BOOST_AUTO_TEST_CASE(a_signature_that_is_somebody_else_s_or_of_another_committee_does_not_count) {
  Fixture f;
  for (const std::size_t i : {0, 1, 2}) f.approve(i, f.next);
  BOOST_TEST(f.agreed().has_value());
  const EpochWord good = f.words[2];
  f.words[2].next->signature = f.words[1].next->signature;
  BOOST_TEST(!f.agreed());
  f.words[2] = good;
  f.words[2].next->signature.bytes[5] ^= 1U;
  BOOST_TEST(!f.agreed());
  f.approve(2, f.other);
  f.words[2].next->committee = f.next;
  BOOST_TEST(!f.agreed());
  // Nor is one that names others: its nodes would be let in.
  f.words[2] = good;
  f.words[2].next->committee.members[1].name = "z";
  BOOST_TEST(!f.agreed());
  // Where they are reached is everybody's own affair.
  f.words[2] = good;
  f.words[2].next->committee.members[1].address = "10.0.0.9:1";
  BOOST_TEST(f.agreed().has_value());
}

BOOST_AUTO_TEST_CASE(an_approval_of_another_epoch_does_not_count) {
  Fixture f;
  f.next.epoch = 5;
  for (const std::size_t i : {0, 1, 2, 3}) f.approve(i, f.next);
  BOOST_TEST(!f.agreed());
}

BOOST_AUTO_TEST_CASE(a_later_epoch_is_believed_of_as_many_as_cannot_all_be_liars) {
  Fixture f;
  f.come_to(0, f.next);
  BOOST_TEST(!later_epoch(f.words, 4));
  f.come_to(1, f.next, 2);  // from another state
  BOOST_TEST(!later_epoch(f.words, 4));
  f.come_to(2, f.other);
  BOOST_TEST(!later_epoch(f.words, 4));
  f.come_to(3, f.next);
  const auto later = later_epoch(f.words, 4);
  BOOST_REQUIRE(later.has_value());
  BOOST_TEST((later->committee == f.next));
  BOOST_TEST(later->start.index == 64U);
  BOOST_TEST((later->told_by == std::vector<std::size_t>{0, 3}));
  BOOST_TEST(!later_epoch(f.words, 5));
}

BOOST_AUTO_TEST_CASE(of_several_epochs_the_latest_that_is_believed_counts) {
  Fixture f{7};
  f.next.epoch = 4;
  for (const std::size_t i : {0, 1, 2}) f.come_to(i, f.next);
  CommitteeFile later = f.next;
  later.epoch = 6;
  for (const std::size_t i : {3, 4}) f.come_to(i, later);
  BOOST_TEST(later_epoch(f.words, 4)->committee.epoch == 4U);
  f.come_to(5, later);
  BOOST_TEST(later_epoch(f.words, 4)->committee.epoch == 6U);
}

BOOST_AUTO_TEST_CASE(a_word_is_read_back_as_it_was_and_a_bad_one_is_refused) {
  Fixture f;
  f.come_to(0, f.next);
  f.words[0].has_ended = true;
  const CommitteeFile following = *with_removed(f.next, "v3");
  f.words[0].next = ApprovedNext{following, f.keys[0]->sign(consensus::next_committee_digest(4, keys_of(following)))};
  const auto read = [&](consensus::Epoch from, auto change) {
    const Frame frame = make_frame<schema::EpochWord>([&](schema::EpochWord::Builder word) {
      test::require_success(write_word(f.words[0], from, word));
      change(word);
    });
    return read_word(*as_message<schema::EpochWord>(frame).value());
  };
  const auto as_it_was = read(4, [](auto) {});
  test::require_success(as_it_was);
  BOOST_TEST(as_it_was->has_ended);
  BOOST_TEST((as_it_was->committee == f.next));
  BOOST_TEST(same(as_it_was->start, f.words[0].start));
  BOOST_TEST((as_it_was->next == f.words[0].next));
  const auto short_one = read(5, [](auto) {});
  test::require_success(short_one);
  BOOST_TEST(!short_one->committee.has_value());
  BOOST_TEST(!read(4, [](schema::EpochWord::Builder word) { word.setEpoch(5); }));
  BOOST_TEST(!read(4, [](schema::EpochWord::Builder word) { word.initApproval(63); }));
  BOOST_TEST(!read(4, [](schema::EpochWord::Builder word) { word.initNext(3); }));
  BOOST_TEST(!read(4, [](schema::EpochWord::Builder word) { word.initCommittee(3); }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::validator
