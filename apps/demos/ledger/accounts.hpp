/// The accounts of the demo, as they lie in the shared memory: a number a key.
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/memory/memory.hpp"

namespace myelin::ledger {

/// What the accounts hold.
struct Balances {
  std::map<std::string, std::int64_t> by_account;

  [[nodiscard]] std::int64_t total() const noexcept;
};

/// Names, in their order; those of one number of accounts are as long as each other.
[[nodiscard]] std::vector<std::string> account_names(std::size_t count);

/// Reads all accounts of a space, a page at a time and in order: not at one moment, if transfers are made meanwhile.
/// **Errors**: those of the memory; wrong_value_kind, naming a key that holds no number.
[[nodiscard]] Result<Balances> read_balances(Mesh& mesh, const Memory& space, const std::stop_token& stop);

/// Reads all accounts of a space at one moment, in order with all transfers. `names`: those that should be there, in
/// their order; what lies between is read too. **Errors**: as above.
[[nodiscard]] Result<Balances> read_balances_at_once(Mesh& mesh, const Memory& space,
                                                     const std::vector<std::string>& names);

/// Gives kOpeningBalance to each of `names` that is not there yet, hundreds in a batch. Returns how many.
/// **Errors**: those of the memory.
[[nodiscard]] Result<std::size_t> open_accounts(Mesh& mesh, const Memory& space, const std::vector<std::string>& names,
                                                const Balances& there, const std::stop_token& stop);

/// Whether nothing was lost and nothing made: as many accounts as `expected`, and their opening balances in all.
/// **Errors**: corrupt_file, saying what is and what should be.
[[nodiscard]] Result<void> check_balances(const Balances& balances, std::size_t expected);

}  // namespace myelin::ledger
