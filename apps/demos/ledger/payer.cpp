#include "demos/ledger/payer.hpp"

#include "demos/ledger/settings.hpp"

namespace myelin::ledger {

Task<> Payer::pay() {
  const std::vector<std::string>& names = surroundings_->names;
  while (!surroundings_->record.is_closed()) {
    const std::size_t from = random_() % names.size();
    const std::size_t to = (from + 1 + random_() % (names.size() - 1)) % names.size();
    const auto amount = static_cast<std::int64_t>(1 + random_() % kAmountMax);
    const TimePoint asked = now();
    const auto done =
        co_await ask(surroundings_->accounts.transfer(names[from], names[to], amount), surroundings_->limit);
    surroundings_->record.add(done, now() - asked);
    const bool is_answered = done || done.error().code == Errc::insufficient;
    if (!is_answered) co_await sleep(surroundings_->rest);
  }
  surroundings_->record.agent_ended();
  stop();
}

}  // namespace myelin::ledger
