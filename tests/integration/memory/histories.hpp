/// What clients of a shared memory ask for and are told, to be checked for one order that it all fits.
#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "checkers/client_history.hpp"
#include "checkers/violation.hpp"
#include "cluster/request.hpp"
#include "engine/random.hpp"
#include "myelin/memory/memory.hpp"

namespace myelin::test {

/// Of clients on a few keys: registers, counters by scripts, and accounts, which transfers and reads of all of them
/// make one object. **Thread-safety**: thread-safe.
class Histories {
 public:
  /// Chooses an operation, and has `ask(call)` ask for it. True: it was answered. Else nobody knows what became of it,
  /// and the client goes on: it may take effect whenever.
  template <class Ask>
  bool run_one(std::uint64_t client, std::uint64_t number, const Memory& memory, sim::Random& random, Ask&& ask) {
    const sim::Request request = choose(random, std::to_string(client) + "." + std::to_string(number));
    const std::vector<std::byte> bytes = sim::encode(client, number, request);
    const auto batch = consensus::read_batch(bytes);
    std::size_t place = 0;
    {
      const std::lock_guard lock{mutex_};
      place = history_.called(client, request, std::chrono::steady_clock::now() - begin_);
    }
    const auto outcomes = ask(memory.execute(batch->transactions));
    const auto now = std::chrono::steady_clock::now() - begin_;
    if (!outcomes || outcomes->size() != 1) return false;
    const std::lock_guard lock{mutex_};
    history_.returned(place, reply_of(outcomes->front()), now);
    return true;
  }

  /// Once no client runs any more. Fails the test, with the operations, where no order fits them.
  void check() const {
    try {
      BOOST_TEST(history_.check() == 0U, "a history is too entangled to tell");
    } catch (const sim::Violation& violation) {
      BOOST_ERROR(violation.invariant << ": " << violation.what);
    }
  }
  [[nodiscard]] std::size_t operations() const { return history_.operations().size(); }
  /// Of which nobody knows what became.
  [[nodiscard]] std::size_t open() const { return history_.open(); }

 private:
  using Kind = sim::Request::Kind;
  static constexpr unsigned kKeys = 3;

  static sim::Request choose(sim::Random& random, const std::string& value) {
    const std::string key = std::to_string(random.below(kKeys));
    switch (random.below(10)) {
      case 0:
      case 1: return {.kind = Kind::put, .key = "r" + key, .value = value};
      case 2:
      case 3: return {.kind = Kind::get, .key = "r" + key};
      case 4: return {.kind = Kind::put_if_absent, .key = "r" + key, .value = value};
      case 5: return {.kind = Kind::erase, .key = "r" + key};
      case 6: return {.kind = Kind::fetch_add, .key = "c" + key, .number = 1};
      case 7: return {.kind = Kind::add, .key = "a" + key, .number = 5};
      case 8:
        return {
            .kind = Kind::transfer, .key = "a" + key, .other = "a" + std::to_string(random.below(kKeys)), .number = 3};
      default: return {.kind = Kind::read_accounts};
    }
  }
  static consensus::Value value_of(const MemoryValue& value) {
    return {.kind = value.kind(), .number = value.number(), .bytes = std::string{value.text()}};
  }
  static consensus::Reply reply_of(const MemoryOutcome& outcome) {
    consensus::Reply reply;
    reply.status = outcome.status;
    if (outcome.value) reply.value = value_of(*outcome.value);
    for (const MemoryPage::Entry& entry : outcome.entries) reply.entries.push_back({entry.key, value_of(entry.value)});
    return reply;
  }

  std::mutex mutex_;
  sim::ClientHistory history_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace myelin::test
