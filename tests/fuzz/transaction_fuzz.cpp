// Any bytes as a batch of transactions: refused with a reason, or executed, with one result whatever the executor.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "myelin/consensus/state_machine.hpp"

using namespace myelin::consensus;

namespace {

// Smaller than what is allowed, so that inputs which are slow on purpose stay quick enough to fuzz.
constexpr std::size_t kTransactionsMax = 200;
constexpr std::uint64_t kWorkMax = 20'000;

void require(bool condition) {
  if (!condition) std::abort();
}

// What was read can be written, and then says the same.
void write_again(const Batch& batch) {
  const std::vector<std::byte> bytes = write_batch(batch.client, batch.sequence, batch.transactions);
  const auto again = read_batch(bytes);
  if (!again) return require(again.error() == BatchRefusal::too_large);
  require(again->transactions.size() == batch.transactions.size() && again->work == batch.work);
  for (std::size_t i = 0; i < batch.transactions.size(); ++i) {
    require(again->transactions[i].operation == batch.transactions[i].operation);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  const auto batch = read_batch(bytes);
  static_cast<void>(decode_replies({reinterpret_cast<const char*>(data), size}));
  if (!batch) {
    StateMachine machine{{.executor = Executor::sequential}};
    const auto outcome = machine.apply(OrderedBatches{1, 1, {bytes}});
    require(outcome && outcome->batches.at(0).verdict == Verdict::refused);
    return 0;
  }
  if (batch->transactions.size() > kTransactionsMax || batch->work > kWorkMax) return 0;
  write_again(*batch);
  // Twice in one commit, as by twins.
  const OrderedBatches ordered{1, 1, {bytes, bytes}};
  StateMachine sequential{{.executor = Executor::sequential}};
  const auto expected = sequential.apply(ordered);
  require(expected.has_value());
  for (const Executor executor : {Executor::scheduled, Executor::block_stm}) {
    StateMachine other{{.executor = executor}};
    require(other.apply(ordered) == expected);
    require(other.state() == sequential.state());
  }
  StateMachine restored{{.executor = Executor::sequential}};
  require(restored.restore(sequential.snapshot(), sequential.state()).has_value());
  return 0;
}
