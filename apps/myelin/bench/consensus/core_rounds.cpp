#include "bench/consensus/core_rounds.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "myelin/consensus/dag/committer.hpp"
#include "myelin/consensus/dag/dag_store.hpp"

namespace myelin::tool {

namespace {

using namespace myelin::consensus;

Committee stub_committee(std::size_t validators) {
  std::vector<PublicKey> keys(validators);
  for (std::size_t i = 0; i < validators; ++i) keys[i].bytes[0] = static_cast<std::uint8_t>(i + 1);
  return Committee::create(0, std::move(keys), {}).value();
}

template <class Work>
double seconds_of(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>{std::chrono::steady_clock::now() - start}.count();
}

// Everybody's parents of the next round.
std::vector<VertexRef> genesis_of(const Committee& committee) {
  std::vector<VertexRef> refs;
  for (std::size_t i = 0; i < committee.size(); ++i) refs.push_back(committee.genesis(static_cast<ValidatorIndex>(i)));
  return refs;
}

VertexPtr make(const Committee& committee, ValidatorIndex author, Round round, const std::vector<VertexRef>& before) {
  VertexContent content;
  content.epoch = committee.epoch();
  content.round = round;
  content.author = author;
  content.time = static_cast<WallTime>(round);
  content.parents.push_back(before[author]);
  for (const VertexRef& ref : before) {
    if (ref.author != author) content.parents.push_back(ref);
  }
  return make_vertex(std::move(content), {}, StubSigner{committee.key(author)});
}

}  // namespace

struct CoreRounds::Parts {
  explicit Parts(std::size_t validators)
      : committee{stub_committee(validators)},
        signer{committee.key(0)},
        core{committee, 0, signer, CoreOptions{}},
        before{genesis_of(committee)} {
    core.start(now(), effects);
    carry_out();
  }

  [[nodiscard]] Now now() const { return {time, static_cast<WallTime>(round)}; }

  void carry_out() {
    for (const Effect& effect : effects) {
      if (const auto* broadcast = std::get_if<Broadcast>(&effect)) own = broadcast->vertex->ref();
      if (std::holds_alternative<Committed>(effect)) ++commits;
    }
    effects.clear();
  }

  Committee committee;
  StubSigner signer;
  Core core;
  std::vector<VertexRef> before;
  VertexRef own;
  Effects effects;
  Round round = 0;
  TimePoint time = TimePoint{} + std::chrono::hours{1};
  std::uint64_t commits = 0;
};

CoreRounds::CoreRounds(std::size_t validators) : parts_{std::make_unique<Parts>(validators)} {}
CoreRounds::~CoreRounds() = default;
CoreRounds::CoreRounds(CoreRounds&&) noexcept = default;
CoreRounds& CoreRounds::operator=(CoreRounds&&) noexcept = default;

std::uint64_t CoreRounds::commits() const noexcept { return parts_->commits; }
CoreMetrics CoreRounds::metrics() const { return parts_->core.metrics(); }

CoreRounds::Spent CoreRounds::run(std::uint64_t rounds) {
  Parts& parts = *parts_;
  const std::size_t validators = parts.committee.size();
  const StubChecker checker;
  Spent spent;
  std::vector<VertexBytes> bytes;
  std::vector<VertexPtr> vertices;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    ++parts.round;
    bytes.clear();
    std::vector<VertexRef> made{parts.own};
    for (std::size_t author = 1; author < validators; ++author) {
      const VertexPtr vertex = make(parts.committee, static_cast<ValidatorIndex>(author), parts.round, parts.before);
      made.push_back(vertex->ref());
      bytes.push_back({vertex->header(), vertex->payload(), vertex->signature()});
    }
    parts.before = std::move(made);

    vertices.clear();
    spent.reading += seconds_of([&] {
      for (VertexBytes& each : bytes)
        vertices.push_back(read_vertex(std::move(each), parts.committee, checker).value());
    });

    // Without payload a round would wait for its idle interval.
    parts.time += CoreOptions{}.idle_interval;
    spent.stepping += seconds_of([&] {
      for (VertexPtr& vertex : vertices) {
        const ValidatorIndex author = vertex->author();
        parts.core.step(Received{author, std::move(vertex)}, parts.now(), parts.effects);
      }
      if (validators == 1) parts.core.step(Woken{}, parts.now(), parts.effects);
    });
    spent.vertices += validators;
    parts.carry_out();
    if (parts.own.round != parts.round + 1) throw std::logic_error("the core under measurement fell behind");
  }
  return spent;
}

double commit_rule_seconds(std::size_t validators, std::uint64_t rounds) {
  const Committee committee = stub_committee(validators);
  const CommitRule rule = CommitRule::of(committee);
  DagStore dag{committee, rule.certificate_quorum};
  Committer committer{committee, dag, rule};
  std::vector<VertexRef> before = genesis_of(committee);
  std::vector<Decision> decisions;
  double seconds = 0;
  for (Round round = 1; round <= rounds; ++round) {
    std::vector<VertexPtr> vertices;
    for (std::size_t author = 0; author < validators; ++author) {
      vertices.push_back(make(committee, static_cast<ValidatorIndex>(author), round, before));
    }
    for (std::size_t author = 0; author < validators; ++author) before[author] = vertices[author]->ref();
    seconds += seconds_of([&] {
      for (VertexPtr& vertex : vertices) {
        committer.inserted(dag.insert(std::move(vertex)));
        committer.take_decided(decisions);
      }
    });
    decisions.clear();
    if (round > 64) dag.collect(round - 64, round - 64, [](DagNode&) {});
  }
  return seconds / static_cast<double>(rounds * validators);
}

double bytes_per_round_held(std::size_t validators) {
  CoreRounds core{validators};
  core.run(limits::kRoundsKept + limits::kRoundsServed + 20);  // until it forgets
  const CoreMetrics metrics = core.metrics();
  return static_cast<double>(metrics.dag_bytes) * static_cast<double>(validators) /
         static_cast<double>(metrics.vertices);
}

}  // namespace myelin::tool
