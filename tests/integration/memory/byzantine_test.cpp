// Three honest validators, and one that lies with its own valid key, each on a node of its own, over TLS. The liar
// follows the protocol as far as it takes to be listened to, and says something false in every round: the others go on,
// count what they refuse, and hold evidence of what it has signed twice.
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../../support/comes_true.hpp"
#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "agents/door.hpp"
#include "agents/peer_letter.hpp"
#include "byzantine/forgery.hpp"
#include "engine/random.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/network/certificates.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/validator.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using namespace consensus;  // NOLINT: this file speaks the validators' language.
using validator::CommitteeFile;
using validator::Validator;

constexpr Duration kLimit = 60s;
constexpr std::size_t kValidators = 4;
constexpr ValidatorIndex kLiar = 3;

WallTime wall_time() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// What it says beside its own vertex, or in its place.
enum class Lie : std::uint8_t {
  nothing,
  two_versions,     ///< One to the first of the others, and another to the rest.
  broken_rules,     ///< Well signed, and none that may be: wrong parents, rounds, epochs, authors.
  garbage,          ///< Bytes that are no vertex.
  another_payload,  ///< A batch that its header does not name.
  far_future,       ///< A round that nobody can be in, on parents that nobody has.
  wrong_votes,      ///< For a commit and a state that never were.
  false_answers,    ///< To what nobody asked: a state, and its signed word on it.
  bad_letters,      ///< Nothing that a validator could have written; and in another's name.
};
constexpr unsigned kLies = 9;

class Liar final : public Agent {
 public:
  /// `doors`: those of the others for it.
  Liar(Committee committee, std::shared_ptr<const KeyPair> key, std::vector<AgentRef> doors)
      : committee_{std::move(committee)},
        key_{std::move(key)},
        doors_{std::move(doors)},
        core_{committee_, kLiar, *key_, CoreOptions{.halt_on_unknown_own = false}} {}

  static void handlers(Handlers<Liar>& on) { on.message<&Liar::take_letter>(); }

  void on_start() override {
    Effects effects;
    core_.start(time(), effects);
    perform(std::move(effects));
  }

 private:
  [[nodiscard]] Now time() const { return {now(), wall_time()}; }

  void take_letter(schema::PeerLetter::Reader letter) {
    const ValidatorIndex from = letter.getFrom();
    auto read = validator::read_letter(letter, committee_);
    if (!read || from >= kLiar) return;
    if (auto* const unchecked = std::get_if<validator::UncheckedVertices>(&*read)) {
      FetchReply reply{.vertices = {}, .forgotten = unchecked->forgotten};
      for (VertexBytes& bytes : unchecked->vertices) {
        if (auto vertex = read_vertex(std::move(bytes), committee_, checker_)) reply.vertices.push_back(*vertex);
      }
      if (unchecked->is_reply) return step(Received{from, PeerMessage{std::move(reply)}});
      if (!reply.vertices.empty()) step(Received{from, PeerMessage{reply.vertices.front()}});
      return;
    }
    step(Received{from, std::get<PeerMessage>(std::move(*read))});
  }

  void step(Event event) {
    Effects effects;
    core_.step(std::move(event), time(), effects);
    perform(std::move(effects));
  }

  void perform(Effects effects) {
    for (Effect& effect : effects) {
      if (const auto* const broadcast = std::get_if<Broadcast>(&effect)) {
        say(broadcast->vertex);
      } else if (const auto* const send_one = std::get_if<Send>(&effect)) {
        post(send_one->to, send_one->message);
      } else if (const auto* const wake = std::get_if<WakeAt>(&effect)) {
        if (timer_ != 0) cancel(timer_);
        timer_ = after(std::max(wake->time - now(), Duration::zero()), [this] {
          timer_ = 0;
          step(Woken{});
        });
      }
    }
  }

  void post(std::size_t to, const PeerMessage& message) {
    auto letter = validator::make_letter(committee_.epoch(), kLiar, message);
    if (letter) send(doors_[to], std::move(*letter));
  }
  void post_to_all(const PeerMessage& message) {
    for (std::size_t to = 0; to < kLiar; ++to) post(to, message);
  }
  void write_to_all(const std::function<void(schema::PeerLetter::Builder)>& fill) {
    for (std::size_t to = 0; to < kLiar; ++to) {
      tell(doors_[to], [&](schema::PeerLetter::Builder letter) {
        letter.setFrom(kLiar);
        fill(letter);
      });
    }
  }
  void write_vertex_to_all(const VertexBytes& bytes) {
    const auto data = [](const Words& words) {
      return capnp::Data::Reader{reinterpret_cast<const capnp::byte*>(words.data()), words.size() * kWordBytes};
    };
    write_to_all([&](schema::PeerLetter::Builder letter) {
      auto vertex = letter.initVertex();
      vertex.setHeader(data(bytes.header));
      vertex.setPayload(data(bytes.payload));
      vertex.setSignature({bytes.signature.bytes.data(), bytes.signature.bytes.size()});
    });
  }
  [[nodiscard]] VertexPtr sign(VertexContent content) const { return make_vertex(std::move(content), {}, *key_); }

  void say(const VertexPtr& vertex) {
    const auto lie = static_cast<Lie>(said_++ % kLies);
    if (lie == Lie::two_versions) {
      VertexContent content = sim::content_of(*vertex);
      content.time += 1;
      post(0, PeerMessage{vertex});
      const VertexPtr other = sign(std::move(content));
      for (std::size_t to = 1; to < kLiar; ++to) post(to, PeerMessage{other});
      return;
    }
    if (lie == Lie::wrong_votes) {
      VertexContent content = sim::content_of(*vertex);
      content.state_vote = {consensus::limits::kVoteInterval * (1 + random_.below(4)), sim::invent_digest(random_)};
      content.commit_vote = {content.state_vote.index, sim::invent_digest(random_)};
      return post_to_all(PeerMessage{sign(std::move(content))});
    }
    post_to_all(PeerMessage{vertex});
    switch (lie) {
      case Lie::broken_rules: return post_to_all(PeerMessage{sim::forge_vertex(*vertex, *key_, kValidators, random_)});
      case Lie::garbage: return write_vertex_to_all(sim::forge_bytes(*vertex, *key_, random_));
      case Lie::another_payload: {
        const std::vector<std::byte> batch(64, std::byte{7});
        const std::array<std::span<const std::byte>, 1> batches{batch};
        return write_vertex_to_all({vertex->header(), make_payload(batches), vertex->signature()});
      }
      case Lie::far_future: {
        VertexContent content;
        content.epoch = committee_.epoch();
        content.round = vertex->round() + 2 * consensus::limits::kRoundsAheadMax;
        content.author = kLiar;
        content.parents.push_back({content.round - 1, kLiar, sim::invent_digest(random_)});
        for (ValidatorIndex other = 0; other < kLiar; ++other) {
          content.parents.push_back({content.round - 1, other, sim::invent_digest(random_)});
        }
        return post_to_all(PeerMessage{sign(std::move(content))});
      }
      case Lie::false_answers: {
        const IndexedDigest commit{consensus::limits::kVoteInterval, sim::invent_digest(random_)};
        const Digest root = sim::invent_digest(random_);
        post_to_all(PeerMessage{StatementReply{make_statement(committee_.epoch(), kLiar, commit, root, *key_)}});
        return post_to_all(PeerMessage{FetchReply{.vertices = {}, .forgotten = ~Round{0}}});
      }
      case Lie::bad_letters:
        write_to_all([](schema::PeerLetter::Builder letter) { letter.setFrom(0); });
        write_to_all([](schema::PeerLetter::Builder letter) { letter.setEpoch(7); });
        return write_to_all(
            [](schema::PeerLetter::Builder letter) { letter.initFetch(consensus::limits::kFetchMax + 1); });
      default: return;
    }
  }

  Committee committee_;
  std::shared_ptr<const KeyPair> key_;
  std::vector<AgentRef> doors_;
  Ed25519Checker checker_;
  Core core_;
  sim::Random random_{7};
  std::uint64_t said_ = 0;
  CorrelationId timer_ = 0;
};

/// What a process would be.
struct Process {
  explicit Process(const network::NodeOptions& options) : mesh{{.workers = 1, .job_threads = 1}} {
    auto started = network::Node::start(mesh, options);
    test::require_success(started);
    node.emplace(std::move(*started));
  }
  Mesh mesh;
  std::optional<network::Node> node;
  std::optional<Validator> validator;
};

struct Fixture {
  Fixture() {
    const auto now = std::chrono::system_clock::now();
    validity = {now - 1h, now + 24h};
    auto made = network::make_authority("myelin", validity);
    test::require_success(made);
    authority = *std::move(made);
    for (std::size_t i = 0; i < kValidators; ++i) {
      std::filesystem::create_directories(folder_of(i));
      auto key = validator::create_key_file(folder_of(i) / "key");
      test::require_success(key);
      committee.members.push_back({(*key)->public_key(), name_of(i), {}});
      if (i == kLiar) liars_key = std::move(*key);
    }
    for (std::size_t i = 0; i < kLiar; ++i) start_honest(i);
    start_liar();
    client = start_process("client");
    auto found = validator::find_validators(*client->node, committee);
    test::require_success(found);
    memory = Memory::start_session(client->mesh, *found, {.patience = 200ms});
  }
  std::unique_ptr<Process> start_process(const std::string& name) const {
    auto credentials = network::make_credentials(authority, "myelin", name, validity);
    test::require_success(credentials);
    return std::make_unique<Process>(network::NodeOptions{.name = name, .credentials = *std::move(credentials)});
  }
  void start_honest(std::size_t i) {
    processes.push_back(start_process(name_of(i)));
    Process& process = *processes.back();
    auto started =
        Validator::start(process.mesh, *process.node, {.folder = folder_of(i), .committee = committee, .syncs = false});
    test::require_success(started);
    process.validator.emplace(std::move(*started));
    committee.members[i].address = process.node->address();
  }
  void start_liar() {
    processes.push_back(start_process(name_of(kLiar)));
    Process& process = *processes.back();
    std::vector<AgentRef> doors;
    for (std::size_t i = 0; i < kLiar; ++i) {
      test::require_success(process.node->add_peer({name_of(i), committee.members[i].address}));
      auto door = process.node->find(name_of(i), validator::kDoorName);
      test::require_success(door);
      doors.push_back(std::move(*door));
    }
    auto whole = validator::committee_of(committee);
    test::require_success(whole);
    const AgentRef liar = process.mesh.spawn<Liar>(*std::move(whole), liars_key, std::move(doors));
    for (std::size_t i = 0; i < kLiar; ++i) {
      test::require_success(process.node->publish_to(name_of(i), std::string{validator::kDoorName}, liar));
    }
  }
  static std::string name_of(std::size_t i) { return "v" + std::to_string(i); }
  [[nodiscard]] std::filesystem::path folder_of(std::size_t i) const { return folder.path() / name_of(i); }

  [[nodiscard]] validator::ValidatorStatus status(std::size_t i) const { return processes[i]->validator->status(); }
  /// Whether each of the honest has refused something for one of these reasons.
  [[nodiscard]] bool all_have_refused(std::initializer_list<Refusal> reasons) const {
    for (std::size_t i = 0; i < kLiar; ++i) {
      const auto& refused = status(i).core.refused;
      const bool has = std::any_of(reasons.begin(), reasons.end(),
                                   [&](Refusal reason) { return refused[static_cast<std::size_t>(reason)] > 0; });
      if (!has) return false;
    }
    return true;
  }

  test::TemporaryDirectory folder;
  network::Validity validity;
  network::CertificateAndKey authority;
  CommitteeFile committee;
  std::shared_ptr<const KeyPair> liars_key;
  std::vector<std::unique_ptr<Process>> processes;
  std::unique_ptr<Process> client;
  Memory memory;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(byzantine_peers)

BOOST_AUTO_TEST_CASE(one_that_lies_with_its_own_key_is_refused_and_accused_and_the_others_go_on) {
  Fixture f;
  using enum Refusal;
  std::int64_t sum = 0;
  // All that it says comes to be refused, each for its reason, while the others are at work.
  const auto all_is_found_out = [&] {
    test::require_success(f.client->mesh.ask(f.memory.add("sum", 1), kLimit));
    ++sum;
    for (std::size_t i = 0; i < kLiar; ++i) {
      const validator::ValidatorStatus status = f.status(i);
      if (status.accusations == 0 || status.letters_refused == 0 || status.core.equivocations == 0) return false;
    }
    return f.all_have_refused({bad_payload}) && f.all_have_refused({far_future}) && f.all_have_refused({unrequested}) &&
           f.all_have_refused({malformed, too_large}) && f.all_have_refused({bad_signature}) &&
           f.all_have_refused({wrong_epoch, unknown_author, bad_round, no_own_parent, parent_unknown_author,
                               parents_unordered, parent_not_earlier, bad_genesis, no_parent_quorum, bad_vote});
  };
  BOOST_TEST(test::comes_true(all_is_found_out));
  const auto value = f.client->mesh.ask(f.memory.get("sum"), kLimit);
  test::require_success(value);
  BOOST_TEST((*value)->number() == sum);
  for (std::size_t i = 0; i < kLiar; ++i) {
    const validator::ValidatorStatus status = f.status(i);
    BOOST_TEST(status.halted.empty(), status.halted);
    std::string refusals;
    for (std::size_t reason = 0; reason < kRefusals; ++reason) {
      if (status.core.refused[reason] == 0) continue;
      refusals += " " + std::string{to_string(static_cast<Refusal>(reason))} + " " +
                  std::to_string(status.core.refused[reason]);
    }
    BOOST_TEST_MESSAGE("validator " << i << ": " << status.accusations << " accusations, " << status.letters_refused
                                    << " letters refused;" << refusals);
  }
  // It votes for another state than theirs, and was believed by none: all have the same.
  const consensus::CommitIndex last = f.status(0).executed;
  for (std::size_t i = 0; i < kLiar; ++i) {
    BOOST_TEST(test::comes_true([&] { return f.status(i).executed >= last && f.status(i).keys == 1; }));
  }
}

BOOST_AUTO_TEST_CASE(what_was_agreed_on_beside_a_liar_is_there_after_all_have_been_away) {
  Fixture f;
  for (int i = 0; i < 50; ++i) test::require_success(f.client->mesh.ask(f.memory.add("sum", 1), kLimit));
  BOOST_TEST(test::comes_true([&] { return f.status(0).accusations > 0; }));
  for (std::size_t i = 0; i < kLiar; ++i) {
    Process& process = *f.processes[i];
    process.validator.reset();
    auto again = Validator::start(process.mesh, *process.node,
                                  {.folder = f.folder_of(i), .committee = f.committee, .syncs = false});
    test::require_success(again);
    process.validator.emplace(std::move(*again));
  }
  const auto value = f.client->mesh.ask(f.memory.get("sum"), kLimit);
  test::require_success(value);
  BOOST_TEST((*value)->number() == 50);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
