// One that joins a group late takes over a tail of commits, without the vertices that are in them, and fetches the
// rounds above. From there on it must make the commits that the others make.
#include <algorithm>

#include <boost/test/unit_test.hpp>

#include "random_dag.hpp"
#include "seeds.hpp"
#include "view.hpp"

using namespace consensus_model;

namespace {

struct Tally {
  std::uint64_t joined = 0;
  std::uint64_t commits = 0;  // made after joining
  std::uint64_t left_out = 0;
};

/// How many of the commits that `joined` made are those of `whole` that follow its tail.
std::size_t same_commits(const View& joined, const View& whole, CommitIndex joined_after) {
  std::size_t same = 0;
  while (same < joined.commits().size() && joined_after + same < whole.commits().size() &&
         joined.commits()[same].digest == whole.commits()[joined_after + same].digest) {
    ++same;
  }
  return same;
}

void check_joining(const Committee& committee, std::uint64_t seed, Tally& tally) {
  Random random{seed};
  const RandomDag dag = random_dag(committee, DagShape::random(random, 150), random);
  const CommitRule rule = CommitRule::of(committee);
  View whole{committee, rule};
  // The others are taken a tail from now and then; it ends some commits before their last.
  std::vector<CommitTail> tails;
  for (const std::size_t vertex : random_order(dag, committee.size(), random)) {
    whole.insert(dag.vertices[vertex]);
    if (whole.commits().empty() || !random.percent(2)) continue;
    const CommitIndex last = whole.linearizer().last().index;
    CommitTail tail = whole.linearizer().tail(last - random.below(std::min<std::size_t>(last, 20)));
    const auto sound = tail.check(committee);
    BOOST_REQUIRE_MESSAGE(sound.has_value(), "seed " << seed << ": " << sound.error().message);
    BOOST_TEST_REQUIRE((tail.last().digest == whole.commits()[tail.last_index() - 1].digest));
    tails.push_back(std::move(tail));
  }
  random.shuffle(tails);
  if (tails.size() > 3) tails.resize(3);
  for (const CommitTail& tail : tails) {
    View joined{committee, rule, tail};
    for (const std::size_t vertex : random_order(dag, committee.size(), random)) {
      // What is settled need not be fetched.
      if (joined.linearizer().is_settled(dag.vertices[vertex]->ref()) && random.percent(70)) {
        ++tally.left_out;
        continue;
      }
      joined.insert(dag.vertices[vertex]);
    }
    const std::size_t same = same_commits(joined, whole, tail.last_index());
    BOOST_REQUIRE_MESSAGE(same == joined.commits().size() && tail.last_index() + same == whole.commits().size(),
                          "one that joined after commit " << tail.last_index() << " makes " << joined.commits().size()
                                                          << " more, of which the first " << same << " are those of "
                                                          << whole.commits().size() << " that the others made"
                                                          << "\nTo run it again: MYELIN_TEST_SEED=" << seed);
    ++tally.joined;
    tally.commits += same;
  }
}

void check_joining_many(std::size_t validators, std::uint64_t count) {
  const Committee committee = committee_of(validators);
  Tally tally;
  const SeedRange range = seeds(count);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) check_joining(committee, seed, tally);
  BOOST_TEST_MESSAGE(validators << " validators: joined " << tally.joined << " times, made " << tally.commits
                                << " commits after that, without " << tally.left_out << " settled vertices");
  BOOST_TEST(tally.joined > 0U);
  BOOST_TEST(tally.commits > 50 * tally.joined);
  BOOST_TEST(tally.left_out > 50 * tally.joined);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(joining)

BOOST_AUTO_TEST_CASE(four_validators_commit_as_if_they_had_been_there) { check_joining_many(4, 20); }

BOOST_AUTO_TEST_CASE(seven_validators_commit_as_if_they_had_been_there) { check_joining_many(7, 5); }

BOOST_AUTO_TEST_SUITE_END()
