#include "random_dag.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace consensus_model {

namespace {

unsigned pick(Random& random, std::initializer_list<unsigned> choices) {
  return choices.begin()[random.below(choices.size())];
}

/// Makes one DAG, round by round.
class Maker {
 public:
  Maker(const Committee& committee, const DagShape& shape, Random& random)
      : committee_{committee}, shape_{shape}, random_{random}, latest_(committee.size()) {
    std::vector<ValidatorIndex> order(committee.size());
    std::iota(order.begin(), order.end(), ValidatorIndex{0});
    random.shuffle(order);
    for (std::size_t i = 0; i < committee.faults_max(); ++i) dag_.byzantine |= mask_of(order[i]);
    isolated_ = order.back();
  }

  RandomDag make() {
    for (Round round = 1; round <= shape_.rounds; ++round) {
      std::vector<std::vector<std::size_t>> versions(committee_.size());
      for (const auto& [author, count] : who_goes_on()) {
        for (std::size_t i = 0; i < count; ++i) {
          versions[author].push_back(add(round, author));
        }
      }
      for (std::size_t author = 0; author < versions.size(); ++author) {
        if (versions[author].empty()) continue;
        before_latest_[author] = latest_[author];
        latest_[author] = versions[author];
      }
      in_round_before_ = std::move(versions);
    }
    return std::move(dag_);
  }

 private:
  bool is_byzantine(ValidatorIndex author) const { return (dag_.byzantine & mask_of(author)) != 0; }

  /// Authors of the next round and how many versions each makes; always a quorum of authors.
  std::vector<std::pair<ValidatorIndex, std::size_t>> who_goes_on() {
    std::vector<std::pair<ValidatorIndex, std::size_t>> authors;
    std::vector<ValidatorIndex> others;
    for (std::size_t i = 0; i < committee_.size(); ++i) {
      const auto author = static_cast<ValidatorIndex>(i);
      if (is_byzantine(author)) {
        std::size_t count = random_.percent(shape_.skips) ? 0 : 1;
        while (count > 0 && count < 3 && random_.percent(shape_.twins)) ++count;
        if (count > 0) authors.emplace_back(author, count);
      } else if (random_.percent(shape_.skips)) {
        others.push_back(author);
      } else {
        authors.emplace_back(author, 1);
      }
    }
    random_.shuffle(others);
    while (authors.size() < committee_.quorum()) {
      authors.emplace_back(others.back(), 1);
      others.pop_back();
    }
    return authors;
  }

  bool is_isolated(ValidatorIndex author, Round round) const {
    return shape_.isolates_one && author == isolated_ && round % 90 < 80;
  }

  std::size_t others_in_round_before(ValidatorIndex author) const {
    std::size_t count = 0;
    for (std::size_t other = 0; other < in_round_before_.size(); ++other) {
      count += other != author && !in_round_before_[other].empty() ? 1 : 0;
    }
    return count;
  }

  /// The place of the new vertex.
  std::size_t add(Round round, ValidatorIndex author) {
    VertexContent content;
    content.epoch = committee_.epoch();
    content.round = round;
    content.author = author;
    content.time = static_cast<WallTime>(1'000 * round + random_.below(1'000));
    std::vector<std::size_t> places;
    const auto link = [&](std::size_t place) {
      content.parents.push_back(dag_.vertices[place]->ref());
      places.push_back(place);
    };

    std::size_t in_round_before = 0;
    if (latest_[author].empty()) {
      content.parents.push_back(committee_.genesis(author));
      in_round_before += round == 1 ? 1 : 0;
    } else {
      // Then it has no parent of its own in the round before, and needs a quorum of others there.
      const bool from_older = is_byzantine(author) && random_.percent(10) && !before_latest_[author].empty() &&
                              others_in_round_before(author) >= committee_.quorum();
      const auto& own = from_older ? before_latest_[author] : latest_[author];
      link(own[random_.below(own.size())]);
      in_round_before += content.parents.front().round + 1 == round ? 1 : 0;
    }

    std::vector<ValidatorIndex> others;
    for (std::size_t i = 0; i < committee_.size(); ++i) {
      if (i != author) others.push_back(static_cast<ValidatorIndex>(i));
    }
    random_.shuffle(others);
    std::stable_partition(others.begin(), others.end(),
                          [&](ValidatorIndex other) { return !is_isolated(other, round); });
    std::vector<std::pair<ValidatorIndex, std::size_t>> linked;
    for (const ValidatorIndex other : others) {
      const bool is_needed = in_round_before < committee_.quorum();
      if (!is_needed && (is_isolated(other, round) || !random_.percent(shape_.links))) continue;
      if (round == 1) {
        linked.emplace_back(other, kGenesis);
      } else if (!in_round_before_[other].empty()) {
        linked.emplace_back(other, in_round_before_[other][random_.below(in_round_before_[other].size())]);
      } else {
        continue;
      }
      ++in_round_before;
    }
    if (in_round_before < committee_.quorum()) throw std::logic_error{"a round without a quorum"};
    for (const ValidatorIndex other : others) {
      const bool has_link = std::ranges::any_of(linked, [&](const auto& one) { return one.first == other; });
      if (has_link || latest_[other].empty() || is_isolated(other, round) || !random_.percent(shape_.weak_links))
        continue;
      linked.emplace_back(other, latest_[other][random_.below(latest_[other].size())]);
    }
    std::ranges::sort(linked);
    for (const auto& [other, place] : linked) {
      if (place == kGenesis) {
        content.parents.push_back(committee_.genesis(other));
      } else {
        link(place);
      }
    }

    // What a digest is does not matter here, if no two are the same.
    Digest digest;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint64_t word = i == 0 ? dag_.vertices.size() + 1 : random_.next();
      std::memcpy(digest.bytes.data() + 8 * (3 - i), &word, sizeof word);
    }
    dag_.vertices.push_back(std::make_shared<const Vertex>(std::move(content), digest, Words{}, Words{},
                                                           std::vector<Digest>{}, Signature{}));
    dag_.parents.push_back(std::move(places));
    return dag_.vertices.size() - 1;
  }

  static constexpr std::size_t kGenesis = ~std::size_t{0};

  const Committee& committee_;
  const DagShape& shape_;
  Random& random_;
  RandomDag dag_;
  ValidatorIndex isolated_ = 0;
  std::vector<std::vector<std::size_t>> in_round_before_;  // by author: places
  std::vector<std::vector<std::size_t>> latest_;           // by author: of the last round it was in
  std::vector<std::vector<std::size_t>> before_latest_ = std::vector<std::vector<std::size_t>>(latest_.size());
};

}  // namespace

Committee committee_of(std::size_t size) {
  std::vector<PublicKey> keys(size);
  for (std::size_t i = 0; i < size; ++i) keys[i].bytes[0] = static_cast<std::uint8_t>(i + 1);
  return Committee::create(0, std::move(keys), {}).value();
}

DagShape DagShape::random(Random& random, Round rounds) {
  return {.rounds = rounds,
          .skips = pick(random, {0, 10, 30}),
          .links = pick(random, {0, 20, 50, 80, 95}),
          .weak_links = pick(random, {0, 20, 60}),
          .twins = pick(random, {0, 30, 70}),
          .isolates_one = rounds > 90 && random.percent(60)};
}

RandomDag random_dag(const Committee& committee, const DagShape& shape, Random& random) {
  return Maker{committee, shape, random}.make();
}

std::vector<std::size_t> random_order(const RandomDag& dag, std::size_t authors, Random& random) {
  // In rounds: when each vertex would arrive by itself, and not before its parents have.
  std::vector<unsigned> slowness(authors);
  for (unsigned& rounds : slowness) rounds = pick(random, {0, 1, 1, 3, 8});
  std::vector<std::uint64_t> arrival(dag.vertices.size());
  for (std::size_t i = 0; i < arrival.size(); ++i) {
    const Vertex& vertex = *dag.vertices[i];
    arrival[i] = vertex.round() * 1'000 + random.below(1'000 * slowness[vertex.author()] + 500);
    for (const std::size_t parent : dag.parents[i]) arrival[i] = std::max(arrival[i], arrival[parent] + 1);
  }
  std::vector<std::size_t> order(arrival.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return arrival[i]; });
  return order;
}

}  // namespace consensus_model
