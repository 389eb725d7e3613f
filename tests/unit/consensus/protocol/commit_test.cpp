// The chain of commits, and which ends of it one can go on from.
#include <functional>

#include <boost/test/unit_test.hpp>

#include "group.hpp"
#include "myelin/consensus/commit.hpp"
#include "myelin/consensus/limits.hpp"

using namespace consensus_test;
namespace limits = myelin::consensus::limits;
using myelin::Errc;

namespace {

/// Commits of the leaders of place 0 in rounds `first` to `last`, each with its round's vertices one below.
CommitTail tail_of(const Group& group, Round first, Round last, CommitIndex before) {
  const Committee& committee = group.committee();
  CommitTail tail{
      .epoch = committee.epoch(), .before = {before, before == 0 ? Digest{} : digest_of(before)}, .commits = {}};
  for (Round round = first; round <= last; ++round) {
    CommitSummary commit{.leader = group.parent(round, committee.leader(round, 0)), .vertices = {}, .time = 0};
    commit.time = static_cast<WallTime>(1'000 * round);
    for (ValidatorIndex author = 0; round > 1 && author < 4; ++author) {
      if (author != committee.leader(round - 1, 0)) commit.vertices.push_back(group.parent(round - 1, author));
    }
    commit.vertices.push_back(commit.leader);
    tail.commits.push_back(std::move(commit));
  }
  return tail;
}

/// Whether a sound tail is refused once `change` was at it, and by the epoch's start or not.
bool is_refused(const std::function<void(CommitTail&)>& change, bool from_start = true) {
  const Group group;
  CommitTail tail =
      from_start ? tail_of(group, 1, limits::kRoundsKept, 0) : tail_of(group, 100, 100 + limits::kRoundsKept, 500);
  BOOST_TEST_REQUIRE(tail.check(group.committee()).has_value());
  change(tail);
  const auto checked = tail.check(group.committee());
  if (!checked) BOOST_TEST((checked.error().code == Errc::corrupt_file));
  return !checked;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(commit)

BOOST_AUTO_TEST_CASE(every_part_of_it_counts_in_its_digest) {
  const Group group;
  const CommitSummary commit = tail_of(group, 5, 5, 10).commits.front();
  const Digest digest = commit_digest(digest_of(1), 11, commit);
  BOOST_TEST((commit_digest(digest_of(1), 11, commit) == digest));
  BOOST_TEST((commit_digest(digest_of(2), 11, commit) != digest));
  BOOST_TEST((commit_digest(digest_of(1), 12, commit) != digest));
  const auto changed = [&](const std::function<void(CommitSummary&)>& change) {
    CommitSummary other = commit;
    change(other);
    return commit_digest(digest_of(1), 11, other) != digest;
  };
  BOOST_TEST(changed([](CommitSummary& c) { ++c.time; }));
  BOOST_TEST(changed([](CommitSummary& c) { ++c.leader.round; }));
  BOOST_TEST(changed([](CommitSummary& c) { ++c.leader.author; }));
  BOOST_TEST(changed([](CommitSummary& c) { c.leader.digest = digest_of(9); }));
  BOOST_TEST(changed([](CommitSummary& c) { c.vertices.pop_back(); }));
  BOOST_TEST(changed([](CommitSummary& c) { std::swap(c.vertices[0], c.vertices[1]); }));
}

BOOST_AUTO_TEST_CASE(tails_of_one_sequence_end_alike) {
  const Group group;
  const CommitTail whole = tail_of(group, 1, 90, 0);
  CommitTail part{.epoch = 7, .before = {}, .commits = {}};
  part.commits.assign(whole.commits.begin(), whole.commits.begin() + 20);
  part.before = part.last();
  part.commits.assign(whole.commits.begin() + 20, whole.commits.end());
  BOOST_TEST(part.before.index == 20U);
  BOOST_TEST((part.last() == whole.last()));
  BOOST_TEST(whole.last().index == 90U);
  BOOST_TEST(whole.last_index() == 90U);
}

BOOST_AUTO_TEST_CASE(an_epochs_start_is_a_tail) {
  const Group group;
  const CommitTail tail{.epoch = 7, .before = {}, .commits = {}};
  BOOST_TEST(tail.check(group.committee()).has_value());
  BOOST_TEST((tail.last() == IndexedDigest{}));
}

BOOST_AUTO_TEST_CASE(a_tail_must_reach_back_to_what_is_collected) {
  const Group group;
  constexpr Round kLast = 100 + limits::kRoundsKept;
  BOOST_TEST(tail_of(group, 100, kLast, 500).check(group.committee()).has_value());
  const auto checked = tail_of(group, 101, kLast, 500).check(group.committee());
  BOOST_REQUIRE(!checked);
  BOOST_TEST((checked.error().code == Errc::corrupt_file));
  BOOST_TEST(checked.error().message.find("round 100") != std::string::npos);
  // And no further, or it could be as long as it liked.
  BOOST_TEST(!tail_of(group, 99, kLast, 500).check(group.committee()).has_value());
  BOOST_TEST(!tail_of(group, 1, limits::kRoundsKept + 2, 0).check(group.committee()).has_value());
  // Young epochs have collected nothing: there it must be all.
  BOOST_TEST(tail_of(group, 1, 30, 0).check(group.committee()).has_value());
  BOOST_TEST(!tail_of(group, 2, 30, 1).check(group.committee()).has_value());
}

BOOST_AUTO_TEST_CASE(of_another_epoch_or_start_is_refused) {
  BOOST_TEST(is_refused([](CommitTail& tail) { ++tail.epoch; }));
  BOOST_TEST(is_refused([](CommitTail& tail) { tail.before.digest = digest_of(1); }));
  BOOST_TEST(is_refused([](CommitTail& tail) { tail.commits.clear(); }, false));
  BOOST_TEST(is_refused([](CommitTail& tail) { tail.before.index = ~std::uint64_t{0} - 3; }, false));
  BOOST_TEST(!is_refused([](CommitTail& tail) { tail.before.index = 1; }, false));
}

BOOST_AUTO_TEST_CASE(before_the_epochs_start_is_refused) {
  const Committee later = Committee::create(7, {PublicKey{}}, {digest_of(1), digest_of(2), 40}).value();
  BOOST_TEST((CommitTail{.epoch = 7, .before = {40, digest_of(1)}, .commits = {}}.check(later).has_value()));
  BOOST_TEST(!(CommitTail{.epoch = 7, .before = {39, digest_of(1)}, .commits = {}}.check(later).has_value()));
  BOOST_TEST(!(CommitTail{.epoch = 7, .before = {41, digest_of(1)}, .commits = {}}.check(later).has_value()));
}

BOOST_AUTO_TEST_CASE(before_the_time_of_the_epochs_start_is_refused) {
  const Committee later = Committee::create(7, {PublicKey{}}, {digest_of(1), digest_of(2), 40, 5'000}).value();
  CommitTail tail{.epoch = 7, .before = {40, digest_of(1)}, .commits = {}};
  const VertexRef leader{1, 0, digest_of(3)};
  tail.commits.push_back({leader, {leader}, 5'000});
  BOOST_TEST(tail.check(later).has_value());
  --tail.commits.front().time;
  BOOST_TEST(!tail.check(later).has_value());
}

BOOST_AUTO_TEST_CASE(commits_that_no_validator_could_make_are_refused) {
  const auto in_tenth = [](const std::function<void(CommitSummary&)>& change) {
    return is_refused([&](CommitTail& tail) { change(tail.commits[10]); });
  };
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.leader.author = 4; }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.vertices.back() = c.leader = {11, 4, digest_of(1)}; }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.leader.round = 0; }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.vertices.clear(); }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.vertices.pop_back(); }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.vertices[0].author = 9; }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.vertices[0].round = 0; }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.vertices[1].round = limits::kRoundMax + 1; }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.vertices[1].round = 3; }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.vertices[2].round = 11; }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.time = 0; }));
  BOOST_TEST(in_tenth([](CommitSummary& c) { c.vertices[0] = c.vertices[1]; }));
  BOOST_TEST(is_refused([](CommitTail& tail) { std::swap(tail.commits[10], tail.commits[11]); }));
  BOOST_TEST(is_refused([](CommitTail& tail) { tail.commits[10] = tail.commits[11]; }));
  // Round 80 is collected once round 140 is committed.
  BOOST_TEST(!is_refused([](CommitTail& tail) { tail.commits[41].vertices[0] = {81, 0, digest_of(1)}; }, false));
  BOOST_TEST(is_refused([](CommitTail& tail) { tail.commits[41].vertices[0] = {80, 0, digest_of(1)}; }, false));
}

BOOST_AUTO_TEST_SUITE_END()
