// Validators on nodes of their own, that reach each other over the network, and clients on another node.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../../support/comes_true.hpp"
#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "agents/door.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/validator.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using validator::CommitteeFile;
using validator::Validator;

constexpr Duration kLimit = 60s;

/// What a process would be.
struct Process {
  explicit Process(const std::string& name) : mesh{{.workers = 1, .job_threads = 1}} {
    auto started = network::Node::start(mesh, {.name = name, .insecure = true});
    test::require_success(started);
    node.emplace(std::move(*started));
  }
  Mesh mesh;
  std::optional<network::Node> node;
  std::optional<Validator> validator;
};

struct Fixture {
  explicit Fixture(std::size_t validators = 4) {
    for (std::size_t i = 0; i < validators; ++i) {
      std::filesystem::create_directories(folder_of(i));
      auto key = validator::create_key_file(folder_of(i) / "key");
      test::require_success(key);
      committee.members.push_back({(*key)->public_key(), "v" + std::to_string(i), {}});
    }
    processes.resize(validators);
    for (std::size_t i = 0; i < validators; ++i) start(i);
    client = std::make_unique<Process>("client");
    auto found = validator::find_validators(*client->node, committee);
    test::require_success(found);
    memory = Memory::start_session(client->mesh, *found, {.patience = 200ms});
  }
  /// On a port of its own choice: the others are told by the committee's next reader, and by its dialling them.
  void start(std::size_t i) {
    processes[i] = std::make_unique<Process>(committee.members[i].name);
    Process& process = *processes[i];
    auto started =
        Validator::start(process.mesh, *process.node, {.folder = folder_of(i), .committee = committee, .syncs = false});
    test::require_success(started);
    process.validator.emplace(std::move(*started));
    committee.members[i].address = process.node->address();
    if (client) test::require_success(client->node->add_peer({committee.members[i].name, process.node->address()}));
  }
  void stop(std::size_t i) {
    processes[i]->validator.reset();
    processes[i].reset();
  }
  template <class C>
  [[nodiscard]] auto ask(const C& call) {
    return client->mesh.ask(call, kLimit);
  }
  [[nodiscard]] std::filesystem::path folder_of(std::size_t i) const {
    return folder.path() / ("v" + std::to_string(i));
  }

  test::TemporaryDirectory folder;
  CommitteeFile committee;
  std::vector<std::unique_ptr<Process>> processes;
  std::unique_ptr<Process> client;
  Memory memory;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(over_the_network)

BOOST_AUTO_TEST_CASE(agents_of_another_node_use_the_memory) {
  Fixture f;
  test::require_success(f.ask(f.memory.put("colour", "blue")));
  const auto found = f.ask(f.memory.get("colour"));
  test::require_success(found);
  BOOST_REQUIRE(found->has_value());
  BOOST_TEST((*found)->text() == "blue");
  const std::string large(60'000, 'x');
  for (int i = 0; i < 20; ++i) test::require_success(f.ask(f.memory.put("large" + std::to_string(i), large)));
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_TEST(f.processes[i]->validator->index() == i);
    BOOST_TEST(test::comes_true([&] { return f.processes[i]->validator->status().keys == 21; }));
    BOOST_TEST(f.processes[i]->validator->status().letters_refused == 0U);
  }
}

BOOST_AUTO_TEST_CASE(each_may_die_and_come_back_and_nothing_is_lost) {
  Fixture f;
  for (std::size_t i = 0; i < 4; ++i) {
    test::require_success(f.ask(f.memory.add("sum", 1)));
    f.stop(i);
    test::require_success(f.ask(f.memory.add("sum", 1)));
    f.start(i);
    const consensus::CommitIndex there = f.processes[(i + 1) % 4]->validator->status().executed;
    BOOST_TEST(test::comes_true([&] { return f.processes[i]->validator->status().executed >= there; }));
  }
  const auto sum = f.ask(f.memory.get("sum"));
  test::require_success(sum);
  BOOST_REQUIRE(sum->has_value());
  BOOST_TEST((*sum)->number() == 8);
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_a_validator_that_is_gone) {
  Fixture f;
  auto found = validator::find_validators(*f.client->node, f.committee);
  test::require_success(found);
  for (const auto& member : f.committee.members)
    test::require_success(f.client->node->wait_connected(member.name, kLimit));
  // Whoever waited for any part of this would wait in vain.
  const Memory memory = Memory::start_session(f.client->mesh, *found, {.patience = 1h, .patience_max = 1h});
  test::require_success(f.ask(memory.add("sum", 1)));
  f.stop(0);
  for (int i = 0; i < 12; ++i) test::require_success(f.ask(memory.add("sum", 1)));
  // It is asked again as soon as it answers.
  f.start(0);
  BOOST_TEST(test::comes_true([&] {
    test::require_success(f.ask(memory.add("sum", 1)));
    return f.processes[0]->validator->status().core.proposed > 0;
  }));
}

BOOST_AUTO_TEST_CASE(nobody_speaks_in_a_validator_s_name) {
  Fixture f;
  test::require_success(f.ask(f.memory.put("colour", "blue")));
  // An answer to what was not asked; where it is believed, the true one is refused.
  const auto say = [](consensus::ValidatorIndex from) {
    return [from](schema::PeerLetter::Builder letter) {
      letter.setFrom(from);
      letter.initFetched().setForgotten(~0ULL);
    };
  };
  const auto refused = [&] { return f.processes[0]->validator->status().letters_refused; };
  constexpr int kLetters = 300;
  Process& client = *f.client;
  const auto gate = client.node->find("v0", validator::kValidatorName);
  test::require_success(gate);
  for (int i = 0; i < kLetters; ++i) client.mesh.tell(*gate, say(static_cast<consensus::ValidatorIndex>(1 + i % 3)));
  BOOST_TEST(test::comes_true([&] { return refused() == kLetters; }));
  // Of doors a client finds none, and a validator its own.
  const auto door = client.node->find("v0", validator::kDoorName);
  test::require_success(door);
  client.mesh.tell(*door, say(1));
  BOOST_TEST(test::comes_true([&] { return client.mesh.dead_letters().count(Errc::not_found) > 0; }));
  Process& liar = *f.processes[3];
  const auto own = liar.node->find("v0", validator::kDoorName);
  test::require_success(own);
  for (int i = 0; i < kLetters; ++i) liar.mesh.tell(*own, say(static_cast<consensus::ValidatorIndex>(1 + i % 2)));
  BOOST_TEST(test::comes_true([&] { return refused() == 2 * kLetters; }));
  const auto unrequested = [&] {
    const auto& refusals = f.processes[0]->validator->status().core.refused;
    return refusals[static_cast<std::size_t>(consensus::Refusal::unrequested)];
  };
  // In its own name it may say what it likes; it is asked things, too, and may have answered some with this.
  constexpr std::uint64_t kOwn = 100;
  for (std::uint64_t i = 0; i < kOwn; ++i) liar.mesh.tell(*own, say(3));
  BOOST_TEST(test::comes_true([&] { return unrequested() > 0; }));
  BOOST_TEST(unrequested() <= kOwn);
  BOOST_TEST(refused() == 2 * kLetters);
  test::require_success(f.ask(f.memory.put("colour", "red")));
}

BOOST_AUTO_TEST_CASE(what_does_not_belong_together_is_refused) {
  Fixture f{1};
  Process other{"other"};
  const auto start = [&](const CommitteeFile& committee) {
    return Validator::start(other.mesh, *other.node, {.folder = f.folder_of(0), .committee = committee});
  };
  f.stop(0);
  // A node that has not the member's name.
  BOOST_TEST((start(f.committee).error().code == Errc::invalid_argument));
  // A key that is no member's.
  CommitteeFile strangers = f.committee;
  strangers.members[0].public_key.bytes[0] ^= 1U;
  BOOST_TEST((start(strangers).error().code == Errc::invalid_argument));
  // A log that is gone, with a key that may have voted.
  std::filesystem::remove(f.folder_of(0) / "log-0");
  CommitteeFile renamed = f.committee;
  renamed.members[0].name = "other";
  BOOST_TEST((start(renamed).error().code == Errc::corrupt_file));
  // A member without a name is reached nowhere.
  renamed.members[0].name.clear();
  BOOST_TEST((validator::find_validators(*other.node, renamed).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
