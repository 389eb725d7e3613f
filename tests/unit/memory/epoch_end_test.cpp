// What is on disk when an epoch has ended: with the state that ends it, also who goes on from it.
#include <array>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "agents/executor.hpp"
#include "agents/parts.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/transaction.hpp"
#include "myelin/validator/group.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/state_store.hpp"

namespace myelin::validator {

namespace {

/// One validator, whose word is enough to end an epoch.
struct Alone {
  explicit Alone(std::shared_ptr<const consensus::KeyPair> its_key) : key{std::move(its_key)} {}
  explicit Alone(std::uint8_t seed) {
    std::array<std::uint8_t, 32> bytes{};
    bytes[0] = seed;
    key = std::make_shared<consensus::KeyPair>(bytes);
  }
  [[nodiscard]] consensus::StateMachine machine() const {
    consensus::ExecutionOptions options{.executor = consensus::Executor::sequential};
    options.validators = {key->public_key()};
    options.checker = &checker;
    options.tracks_unsaved = true;
    return consensus::StateMachine{options};
  }
  void end_epoch(consensus::StateMachine& machine) const {
    const std::vector<consensus::PublicKey> next{key->public_key()};
    const std::vector<consensus::Approval> approvals{{0, key->sign(consensus::next_committee_digest(0, next))}};
    const std::vector<consensus::Transaction> one{consensus::Transaction::reconfigure(0, next, approvals)};
    const std::vector<std::byte> batch = consensus::write_batch(~0ULL, 1, one);
    test::require_success(machine.apply(consensus::OrderedBatches{
        .index = machine.applied() + 1, .time = machine.time() + 1, .batches = {batch}, .digests = {}}));
    BOOST_REQUIRE(machine.has_ended());
  }

  std::shared_ptr<const consensus::KeyPair> key;
  consensus::Ed25519Checker checker;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(epoch_ends)

BOOST_AUTO_TEST_CASE(who_gets_the_last_state_from_others_never_has_it_without_the_next_epoch) {
  const test::TemporaryDirectory folder;
  const Alone alone{1};
  consensus::StateMachine theirs = alone.machine();
  alone.end_epoch(theirs);
  auto opened = StateStore::open(folder.path() / "state");
  test::require_success(opened);
  const auto store = std::make_shared<StateStore>(std::move(*opened));
  DeterministicMesh mesh;
  const auto parts = std::make_shared<Parts>();
  parts->directory = std::make_shared<Directory>(1);
  parts->orderer = mesh.mesh().spawn_handlers([](schema::HandedOver::Reader) {});
  ExecutorOptions options{.epochs = {{0, {}, 0, {alone.key->public_key()}}}, .wall_clock = [] { return 1; }};
  options.payload_bytes_per_save = ~0ULL;
  parts->executor = mesh.mesh().spawn<Executor>(parts, alone.machine(), store, std::move(options));
  auto snapshot = std::make_shared<consensus::Snapshot>();
  snapshot->tail.commits.resize(1);
  snapshot->state_root = theirs.state().digest;
  snapshot->state = theirs.snapshot();
  BOOST_TEST(parts->orders.put(InstallState{0, std::move(snapshot)}));
  mesh.mesh().tell(parts->executor, [](schema::HandedOver::Builder) {});
  // A crash may come between any two steps.
  std::size_t ends_seen = 0;
  while (mesh.step()) {
    const auto view = store->view();
    test::require_success(view);
    const auto fields = view->fields();
    const auto epochs = view->epochs();
    if (!fields || fields->next_validators.empty()) continue;
    test::require_success(epochs);
    ++ends_seen;
    BOOST_REQUIRE(epochs->size() == 2U);
    BOOST_TEST(epochs->back().epoch == 1U);
    BOOST_TEST((epochs->back().validators == fields->next_validators));
    BOOST_TEST(epochs->front().last == 1U);
  }
  BOOST_TEST(ends_seen > 0U);
  BOOST_TEST(parts->status().has_ended);
  mesh.mesh().stop_agent(parts->executor);
}

BOOST_AUTO_TEST_CASE(a_last_state_without_the_next_epoch_is_not_begun_from) {
  const test::TemporaryDirectory folder;
  Mesh mesh{{.workers = 2, .job_threads = 3}};
  const auto start = [&] { return ValidatorGroup::start(mesh, {.validators = 1, .folder = folder.path() / "group"}); };
  {
    auto group = start();
    test::require_success(group);
    test::require_success(group->backup(0, folder.path() / "backup"));  // so that a state is saved
  }
  const std::filesystem::path own = folder.path() / "group" / "validator0";
  {
    auto key = load_key_file(own / "key");
    test::require_success(key);
    const Alone alone{std::move(*key)};
    auto store = StateStore::open(own / "state");
    test::require_success(store);
    consensus::StateMachine machine = alone.machine();
    test::require_success(store->load(machine));
    const auto view = store->view();
    test::require_success(view);
    const auto epochs = view->epochs();
    test::require_success(epochs);
    BOOST_TEST(epochs->size() == 1U);
    static_cast<void>(machine.take_changes());
    alone.end_epoch(machine);
    test::require_success(store->save(machine.take_changes(), *epochs));
  }
  for (int twice = 0; twice < 2; ++twice) {
    const auto refused = start();
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::corrupt_file), refused.error().message);
    BOOST_TEST(!std::filesystem::exists(own / "start-0"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::validator
