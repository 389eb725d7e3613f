#include "byzantine/liar.hpp"

#include <algorithm>

#include "byzantine/forgery.hpp"
#include "cluster/request.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin::sim {

using namespace consensus;  // NOLINT: this file speaks the subject's language.

namespace {

constexpr std::size_t kSeenMax = 256;
constexpr ClientId kLiars = ClientId{1} << 48;  // their own clients are numbered from here

}  // namespace

Liar::Liar(World& world, Process& process, const ByzantinePlan& plan, Random random)
    : world_{world}, process_{process}, plan_{plan}, random_{random} {}

void Liar::start() {
  const Duration unit = world_.plan.calm.delay_max;
  world_.schedule.after(random_.between(unit, unit * 12), [this] {
    if (process_.is_up()) act();
    start();
  });
}

std::vector<std::size_t> Liar::peers() {
  std::vector<std::size_t> peers;
  for (std::size_t peer = 0; peer < world_.plan.validators; ++peer) {
    if (peer != process_.id().validator) peers.push_back(peer);
  }
  random_.shuffle(peers);
  return peers;
}

void Liar::send_to(const std::vector<std::size_t>& peers, const VertexPtr& vertex) {
  for (const std::size_t peer : peers) process_.post(vertex->epoch(), peer, PeerMessage{vertex});
}

VertexPtr Liar::sign(VertexContent content, const Vertex& like) {
  return make_vertex(std::move(content), like.payload(), world_.keys.signer(like.epoch(), process_.id().validator));
}

VertexPtr Liar::sibling(const Vertex& vertex) {
  VertexContent content = content_of(vertex);
  content.time += 1 + static_cast<WallTime>(random_.below(1'000'000'000'000));
  // Sometimes it is the votes for the round before that differ.
  const std::size_t quorum = world_.plan.validators - world_.plan.faults_max();
  if (content.parents.size() > quorum && random_.chance(0.5))
    content.parents.erase(content.parents.begin() + 1 +
                          static_cast<std::ptrdiff_t>(random_.below(content.parents.size() - 1)));
  return sign(std::move(content), vertex);
}

VertexPtr Liar::with_wrong_votes(const Vertex& vertex) {
  VertexContent content = content_of(vertex);
  const std::uint64_t ahead = random_.chance(0.7) ? 0 : limits::kVoteInterval * random_.below(1'000);
  const CommitIndex index = std::max<CommitIndex>(content.state_vote.index, limits::kVoteInterval) + ahead;
  if (random_.chance(0.7)) content.state_vote = {index, invent_digest(random_)};
  if (random_.chance(0.5)) content.commit_vote = {index, invent_digest(random_)};
  if (random_.chance(0.2)) content.time = static_cast<WallTime>(random_.next());
  return sign(std::move(content), vertex);
}

VertexPtr Liar::with_stale_parents(const Vertex& vertex) {
  VertexContent content = content_of(vertex);
  std::size_t recent = static_cast<std::size_t>(std::ranges::count_if(
      content.parents, [&](const VertexRef& parent) { return parent.round + 1 == content.round; }));
  const std::size_t quorum = world_.plan.validators - world_.plan.faults_max();
  for (std::size_t i = 1; i < content.parents.size(); ++i) {
    VertexRef& parent = content.parents[i];
    const bool is_recent = parent.round + 1 == content.round;
    if (is_recent && recent <= quorum) continue;
    const auto& old = old_refs_[parent.author];
    if (old.empty()) continue;
    const VertexRef& older = old[random_.below(old.size())];
    if (older.round >= content.round) continue;
    recent -= is_recent && older.round + 1 != content.round ? 1 : 0;
    parent = older;
  }
  return sign(std::move(content), vertex);
}

void Liar::remember(const VertexPtr& vertex) {
  seen_.push_back(vertex);
  if (seen_.size() > kSeenMax) seen_.pop_front();
  if (vertex->epoch() > refs_epoch_) {
    refs_epoch_ = vertex->epoch();
    old_refs_.clear();
  }
  if (vertex->epoch() == refs_epoch_) old_refs_[vertex->author()].push_back(vertex->ref());
}

void Liar::hide(const VertexPtr& vertex) { hidden_[vertex->digest()] = vertex; }

void Liar::send_three_versions(const VertexPtr& vertex) {
  const std::vector<std::size_t> all = peers();
  const auto half = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  const VertexPtr second = sibling(*vertex);
  hidden_parent_ = sibling(*vertex);
  hide(second);
  hide(hidden_parent_);
  send_to({all.begin(), half}, vertex);
  send_to({half, all.end()}, second);
}

// The third version, of the round before, comes to the others by way of this one.
bool Liar::build_on_hidden(const VertexPtr& vertex) {
  if (!hidden_parent_ || hidden_parent_->epoch() != vertex->epoch() || hidden_parent_->round() + 1 != vertex->round()) {
    return false;
  }
  VertexContent content = content_of(*vertex);
  content.parents.front() = hidden_parent_->ref();
  hidden_parent_ = nullptr;
  const VertexPtr built = sign(std::move(content), *vertex);
  hide(built);
  std::vector<std::size_t> some = peers();
  if (random_.chance(0.5)) some.resize((some.size() + 1) / 2);
  send_to(some, built);
  return true;
}

bool Liar::attack(Attack attack, const VertexPtr& vertex) {
  std::vector<std::size_t> all = peers();
  switch (attack) {
    case Attack::equivocate:
    case Attack::equivocate_one: {
      const std::size_t first = attack == Attack::equivocate_one ? 1 : all.size() / 2;
      const auto split = all.begin() + static_cast<std::ptrdiff_t>(std::min(first, all.size()));
      const VertexPtr other = sibling(*vertex);
      hide(other);
      send_to({all.begin(), split}, other);
      send_to({split, all.end()}, vertex);
      return true;
    }
    case Attack::third_version: send_three_versions(vertex); return true;
    case Attack::withhold: return true;
    case Attack::delay_leader: {
      const auto split = all.begin() + static_cast<std::ptrdiff_t>(random_.below(all.size()));
      send_to({all.begin(), split}, vertex);
      const Duration unit = world_.plan.calm.delay_max;
      world_.schedule.after(random_.between(unit, unit * 24),
                            [this, vertex, late = std::vector<std::size_t>{split, all.end()}] {
                              if (process_.is_up()) send_to(late, vertex);
                            });
      return true;
    }
    case Attack::stale_parents:
    case Attack::wrong_votes: {
      const VertexPtr other = attack == Attack::stale_parents ? with_stale_parents(*vertex) : with_wrong_votes(*vertex);
      hide(other);
      if (random_.chance(0.5)) all.resize((all.size() + 1) / 2);
      send_to(all, other);
      return true;
    }
    default: return false;
  }
}

bool Liar::broadcast(Epoch /*epoch*/, const VertexPtr& vertex) {
  remember(vertex);
  if (build_on_hidden(vertex)) return true;
  const Attack chosen = plan_.attacks[random_.below(plan_.attacks.size())];
  if (random_.chance(0.5) || !attack(chosen, vertex)) return false;
  ++world_.tally.attacks;
  world_.timeline.note(name_of(process_.id()), "lies: {}", to_string(chosen));
  return true;
}

// Of a commit that nobody made, but sound in itself: nothing but the word of others tells it from a true one.
SnapshotPtr Liar::snapshot_of_theft(const SnapshotPtr& from) {
  StateMachine machine;
  if (!machine.restore(from->state, {from->tail.last_index(), from->state_root}) || machine.has_ended()) return nullptr;
  Snapshot made = *from;
  const CommitSummary& last = made.tail.commits.back();
  const VertexRef leader{last.leader.round + 1, 0, Hasher{Domain::script}.add(made.tail.last().digest).finish()};
  made.tail.commits.push_back({leader, {leader}, last.time});
  // No longer than the rules have it.
  std::vector<CommitSummary>& commits = made.tail.commits;
  while (commits.size() > 1 && commits[1].leader.round + limits::kRoundsKept <= leader.round) {
    const CommitIndex index = made.tail.before.index + 1;
    made.tail.before = {index, commit_digest(made.tail.before.digest, index, commits.front())};
    commits.erase(commits.begin());
  }
  const std::vector<std::byte> theft =
      write_batch(kLiars - 1, made.tail.last_index(), std::vector{Transaction::put("account", "0")});
  if (!machine.apply({.index = made.tail.last_index(), .time = commits.back().time, .batches = {theft}}))
    return nullptr;
  made.state_root = machine.state().digest;
  made.state = machine.snapshot();
  world_.common_lie = {made.tail.last(), made.state_root};
  return std::make_shared<const Snapshot>(std::move(made));
}

SnapshotPtr Liar::false_snapshot(const SnapshotPtr& from) {
  if (from && random_.chance(0.5)) {
    if (SnapshotPtr theft = snapshot_of_theft(from)) return theft;
  }
  Snapshot made = from ? *from : Snapshot{};
  switch (random_.below(5)) {
    case 0:
      if (!made.state.empty()) made.state[random_.below(made.state.size())] ^= std::byte{1};
      break;
    case 1: made.state_root = invent_digest(random_); break;
    case 2: made.tail.before.index += random_.below(1'000); break;
    case 3:
      if (!made.tail.commits.empty()) made.tail.commits.pop_back();
      break;
    default:
      if (!made.tail.commits.empty()) made.tail.commits.back().leader.digest = invent_digest(random_);
      break;
  }
  return std::make_shared<const Snapshot>(std::move(made));
}

StatementReply Liar::common_lie(Epoch epoch) {
  return {make_statement(epoch, world_.keys.index_of(epoch, process_.id().validator), world_.common_lie->commit,
                         world_.common_lie->state_root, world_.keys.signer(epoch, process_.id().validator))};
}

// Signed by our own key, another's, or nobody's.
StatementReply Liar::false_statement(CommitIndex index) {
  const Epoch epoch = process_.epoch();
  const Signer& signer = world_.keys.signer(epoch, random_.below(world_.plan.validators));
  const ValidatorIndex self = world_.keys.index_of(epoch, process_.id().validator);
  if (world_.common_lie && random_.chance(0.7)) return common_lie(epoch);
  Statement made = make_statement(epoch, self, {index, invent_digest(random_)}, invent_digest(random_), signer);
  if (last_snapshot_ && random_.chance(0.5)) {
    made = make_statement(epoch, self, last_snapshot_->tail.last(), invent_digest(random_), signer);
  }
  if (random_.chance(0.2)) made.signature.bytes[random_.below(made.signature.bytes.size())] ^= 1U;
  return {std::move(made)};
}

bool Liar::send(Epoch epoch, std::size_t to, PeerMessage& message) {
  if (auto* const given = std::get_if<SnapshotReply>(&message)) {
    if (given->snapshot) last_snapshot_ = given->snapshot;
    if (plan_.does(Attack::fake_replies) && random_.chance(0.7)) {
      given->snapshot = false_snapshot(last_snapshot_);
      if (world_.common_lie) process_.post(epoch, to, PeerMessage{common_lie(epoch)});
    }
  }
  if (auto* const word = std::get_if<StatementReply>(&message)) {
    if (plan_.does(Attack::fake_replies) && random_.chance(0.7)) {
      *word = false_statement(word->statement ? word->statement->commit.index : random_.below(1'000));
    }
  }
  auto* const reply = std::get_if<FetchReply>(&message);
  if (reply == nullptr) return true;
  if (plan_.does(Attack::withhold)) {
    if (random_.chance(0.5)) return false;
    const ValidatorIndex self = world_.keys.index_of(process_.epoch(), process_.id().validator);
    std::erase_if(reply->vertices, [&](const VertexPtr& vertex) { return vertex->author() == self; });
  }
  if (!plan_.does(Attack::fake_replies) || random_.chance(0.4)) return true;
  ++world_.tally.attacks;
  switch (random_.below(4)) {
    case 0: return false;
    case 1: reply->vertices.clear(); break;
    case 2:
      for (VertexPtr& vertex : reply->vertices) {
        if (!seen_.empty()) vertex = random_.pick(seen_);
      }
      break;
    default: reply->forgotten = random_.next() >> random_.below(64); break;
  }
  return true;
}

bool Liar::receive(const Envelope& envelope) {
  const auto* const message = std::get_if<PeerMessage>(&envelope.letter);
  if (message == nullptr) return false;
  if (const auto* const vertex = std::get_if<VertexPtr>(message)) remember(*vertex);
  const auto* const asked = std::get_if<FetchRequest>(message);
  if (asked == nullptr) return false;
  // What our own core does not know, only we can answer for; and now and then we do not.
  FetchReply reply;
  for (const VertexRef& ref : asked->refs) {
    const auto found = hidden_.find(ref.digest);
    if (found != hidden_.end()) reply.vertices.push_back(found->second);
  }
  if (reply.vertices.empty()) return false;
  if (random_.chance(0.6)) process_.post(envelope.epoch, envelope.from, PeerMessage{std::move(reply)});
  return true;
}

void Liar::executed(IndexedDigest& state) {
  if (plan_.does(Attack::wrong_votes) && random_.chance(0.1)) state.digest = invent_digest(random_);
}

// Of its own accord.

void Liar::act() {
  if (process_.core() == nullptr || seen_.empty()) return;
  const Attack chosen = plan_.attacks[random_.below(plan_.attacks.size())];
  const std::size_t to = peers().front();
  switch (chosen) {
    case Attack::garbage: send_garbage(to); break;
    case Attack::replay: send_old(to); break;
    case Attack::far_future: flood_future(to); break;
    case Attack::fake_replies: send_unasked(to); break;
    default: return;
  }
  ++world_.tally.attacks;
  world_.timeline.note(name_of(process_.id()), "lies to v{}: {}", to, to_string(chosen));
}

void Liar::send_garbage(std::size_t to) {
  const Epoch epoch = process_.epoch();
  const Signer& signer = world_.keys.signer(epoch, process_.id().validator);
  for (std::uint64_t count = random_.between(std::uint64_t{1}, 8); count > 0; --count) {
    const Vertex& good = *random_.pick(seen_);
    if (random_.chance(0.5)) {
      process_.post(epoch, to, forge_bytes(good, signer, random_));
    } else {
      process_.post(epoch, to, PeerMessage{forge_vertex(good, signer, world_.plan.validators, random_)});
    }
  }
  if (random_.chance(0.3)) {
    // A batch that is none: it is ordered, and must be refused when it is executed.
    std::vector<std::byte> noise(8 * random_.between(std::uint64_t{1}, 40));
    for (std::byte& byte : noise) byte = static_cast<std::byte>(random_.next());
    process_.submit(std::move(noise));
  }
  if (random_.chance(0.3)) usurp();
}

// Ends the epoch, if its own signature and those of the other liars were enough.
void Liar::usurp() {
  const Epoch epoch = process_.epoch();
  std::vector<PublicKey> next(world_.plan.validators);
  for (PublicKey& key : next) {
    for (std::uint8_t& byte : key.bytes) byte = static_cast<std::uint8_t>(random_.next());
  }
  std::vector<std::size_t> signers;
  for (std::size_t i = 0; i < world_.plan.validators; ++i) {
    if (world_.plan.is_byzantine(i)) signers.push_back(i);
  }
  std::vector<Approval> approvals = world_.keys.approve(epoch, next, signers);
  // And others' names, under what they never signed.
  for (std::size_t i = 0; i < world_.plan.validators; ++i) {
    const ValidatorIndex index = world_.keys.index_of(epoch, i);
    const bool is_there = std::ranges::find(approvals, index, &Approval::validator) != approvals.end();
    if (!is_there && random_.chance(0.5)) approvals.push_back({index, approvals.front().signature});
  }
  std::ranges::sort(approvals, {}, &Approval::validator);
  const Request request{
      .kind = Request::Kind::reconfigure, .epoch = epoch, .validators = std::move(next), .approvals = approvals};
  const ClientId client = kLiars + 2 * process_.id().validator + process_.id().copy;
  world_.execution.asked({client, ++usurpations_}, request);
  process_.submit(encode(client, usurpations_, request));
}

void Liar::send_old(std::size_t to) {
  const Epoch epoch = process_.epoch();
  for (std::uint64_t count = random_.between(std::uint64_t{1}, 20); count > 0; --count) {
    process_.post(epoch, to, PeerMessage{random_.pick(seen_)});
  }
}

void Liar::flood_future(std::size_t to) {
  const Epoch epoch = process_.epoch();
  const Core& core = *process_.core();
  static constexpr std::array<Round, 5> kReach = {4, limits::kRoundsAheadMax, 3 * limits::kRoundsAheadMax, 1'000'000,
                                                  limits::kRoundMax / 2};
  const Round reach = kReach[random_.below(kReach.size())];
  const ValidatorIndex self = core.self();
  for (std::uint64_t count = random_.between(std::uint64_t{1}, 60); count > 0; --count) {
    VertexContent content;
    content.epoch = epoch;
    content.round = core.round() + 2 + random_.below(reach);
    content.author = self;
    content.parents.push_back({content.round - 1, self, invent_digest(random_)});
    for (std::size_t author = 0; author < world_.plan.validators; ++author) {
      if (author == self) continue;
      content.parents.push_back({content.round - 1, static_cast<ValidatorIndex>(author), invent_digest(random_)});
    }
    process_.post(epoch, to,
                  PeerMessage{make_vertex(std::move(content), {}, world_.keys.signer(epoch, process_.id().validator))});
  }
}

void Liar::send_unasked(std::size_t to) {
  const Epoch epoch = process_.epoch();
  switch (random_.below(8)) {
    case 0: {
      FetchReply reply{.vertices = {}, .forgotten = random_.next() >> random_.below(64)};
      for (std::uint64_t count = random_.below(2 * limits::kFetchMax); count > 0; --count) {
        reply.vertices.push_back(random_.pick(seen_));
      }
      process_.post(epoch, to, PeerMessage{std::move(reply)});
      break;
    }
    case 1: process_.post(epoch, to, PeerMessage{SnapshotReply{false_snapshot(last_snapshot_)}}); break;
    case 2: {
      FetchRequest request;
      for (std::uint64_t count = random_.below(3 * limits::kFetchMax); count > 0; --count) {
        request.refs.push_back(
            {random_.next() >> random_.below(64), static_cast<ValidatorIndex>(random_.next()), invent_digest(random_)});
      }
      process_.post(epoch, to, PeerMessage{std::move(request)});
      break;
    }
    case 3: process_.post(epoch, to, PeerMessage{RangeRequest{random_.next() >> random_.below(64)}}); break;
    case 4: process_.post(epoch, to, PeerMessage{SnapshotRequest{random_.next() >> random_.below(64)}}); break;
    case 5: process_.post(epoch, to, PeerMessage{StatementRequest{random_.next() >> random_.below(64)}}); break;
    case 6: process_.post(epoch, to, PeerMessage{false_statement(random_.below(1'000))}); break;
    default: process_.post(epoch, to, PeerMessage{SnapshotReply{}}); break;
  }
}

}  // namespace myelin::sim
