#include <map>
#include <random>
#include <string>

#include "harness.hpp"

using namespace myelin::consensus;
using test::Bytes;
using test::Machine;
using test::number_value;
using T = Transaction;

namespace {

void fill(Machine& machine, int seed, int commits) {
  std::mt19937 random{static_cast<unsigned>(seed)};
  for (int i = 0; i < commits; ++i) {
    const std::string a = "k" + std::to_string(random() % 50), b = "k" + std::to_string(random() % 50);
    machine.run(random() % 20, {T::add(a, 5), T::put("t" + b, a), T::transfer(a, b, 2), T::erase(a),
                                T::claim("l" + a, random() % 50'000'000 + 1), T::erase("t" + a),
                                T::put("e" + a, b, static_cast<std::int64_t>(random() % 50'000'000))});
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(snapshot)

BOOST_AUTO_TEST_CASE(a_restored_state_is_the_same_and_goes_on_the_same) {
  Machine original;
  fill(original, 1, 100);
  const IndexedDigest state = original->state();
  const Bytes bytes = original->snapshot();

  Machine copy{{.executor = Executor::sequential, .hash_seed = 77}};
  fill(copy, 2, 10);
  BOOST_TEST(copy->restore(bytes, state).has_value());
  copy.set_time(original.time());
  BOOST_TEST((copy->state() == state));
  BOOST_TEST(copy->applied() == 100U);
  BOOST_TEST(copy->key_count() == original->key_count());
  BOOST_TEST((copy->snapshot() == bytes));

  // Sessions came along: what was executed before is not executed again.
  const std::vector<Bytes> batches = {write_batch(3, 1000, std::vector{T::add("n", 1)}),
                                      write_batch(3, 100, std::vector{T::add("n", 1)})};
  const CommitOutcome first = original.commit(batches), second = copy.commit(batches);
  BOOST_TEST((first == second));
  BOOST_TEST((original->state() == copy->state()));

  // So did all that ends: it is taken out at the same commits.
  const std::size_t keys = original->key_count();
  for (int i = 0; i < 60; ++i) {
    original.commit({});
    copy.commit({});
    BOOST_TEST((original->state() == copy->state()));
  }
  BOOST_TEST(original->key_count() < keys);
}

BOOST_AUTO_TEST_CASE(one_of_another_format_is_refused_and_says_so) {
  Machine original, copy;
  fill(original, 1, 3);
  Bytes bytes = original->snapshot();
  bytes[7] = std::byte{'2'};  // of "MYSTATE3"
  const auto restored = copy->restore(bytes, original->state());
  BOOST_REQUIRE(!restored.has_value());
  BOOST_TEST((restored.error().code == myelin::Errc::corrupt_file));
  BOOST_TEST(restored.error().message.find("another version") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_bytes_do_not_depend_on_history) {
  const std::vector<Bytes> batches = {write_batch(1, 1, std::vector{T::put("a", "1"), T::put("b", "2")}),
                                      write_batch(2, 1, std::vector{T::put("c", "3"), T::erase("c")}),
                                      write_batch(3, 1, std::vector{T::put("d", "4")})};
  const auto run = [](const std::vector<Bytes>& first, std::uint64_t hash_seed) {
    Machine machine{{.executor = Executor::sequential, .hash_seed = hash_seed}};
    machine.commit(first);
    machine.commit({write_batch(1, 2, std::vector{T::erase("b")})});
    return std::pair{machine->state(), machine->snapshot()};
  };
  // Batches that have nothing in common may come in any order.
  const auto one = run(batches, 1);
  const auto other = run({batches[2], batches[0], batches[1]}, 2);
  BOOST_TEST((one == other));
}

BOOST_AUTO_TEST_CASE(an_ended_epoch_is_in_the_snapshot) {
  Machine original;
  const std::vector<PublicKey> keys(1);
  const auto approvals = test::approvals(0, keys);
  original.run(T::reconfigure(0, keys, approvals));
  const IndexedDigest state = original->state();
  Machine copy;
  BOOST_TEST(copy->restore(original->snapshot(), state).has_value());
  BOOST_TEST(copy->has_ended());
  BOOST_TEST((std::vector(copy->next_validators().begin(), copy->next_validators().end()) == keys));
}

BOOST_AUTO_TEST_CASE(another_root_than_was_voted_for_is_refused) {
  Machine original, copy;
  fill(original, 1, 10);
  fill(copy, 2, 5);
  const IndexedDigest before = copy->state();
  IndexedDigest expected = original->state();
  expected.digest.bytes[31] ^= 1;
  const auto restored = copy->restore(original->snapshot(), expected);
  BOOST_REQUIRE(!restored.has_value());
  BOOST_TEST((restored.error().code == myelin::Errc::corrupt_file));
  BOOST_TEST((copy->state() == before));
}

BOOST_AUTO_TEST_CASE(no_change_of_a_snapshot_goes_unnoticed) {
  Machine original, copy;
  fill(original, 3, 12);
  const std::vector<PublicKey> keys(2, PublicKey{{1}});
  const IndexedDigest state = original->state();
  const Bytes bytes = original->snapshot();
  const IndexedDigest before = copy->state();
  std::mt19937 random{4};
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= static_cast<std::byte>(1 + random() % 255);
    BOOST_REQUIRE(!copy->restore(changed, state).has_value());
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    BOOST_REQUIRE(!copy->restore(std::span{bytes}.first(size), state).has_value());
  }
  Bytes longer = bytes;
  longer.push_back({});
  BOOST_TEST(!copy->restore(longer, state).has_value());
  BOOST_TEST((copy->state() == before));
}

BOOST_AUTO_TEST_SUITE_END()
