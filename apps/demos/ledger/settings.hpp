/// What a run of the ledger demo can be told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"
#include "myelin/consensus/state_machine.hpp"

namespace myelin::ledger {

/// How often two transfers on their way want the same account.
enum class Conflict : std::uint8_t { low, medium, high };
[[nodiscard]] std::string_view to_string(Conflict conflict) noexcept;
/// **Errors**: invalid_argument, naming the choices.
[[nodiscard]] Result<Conflict> parse_conflict(std::string_view name);

/// The fewer there are, the more agents want each: 10,000, 100 and 4.
[[nodiscard]] std::size_t accounts_of(Conflict conflict) noexcept;

/// **Errors**: invalid_argument, naming the choices.
[[nodiscard]] Result<consensus::Executor> parse_executor(std::string_view name);

/// What each account holds at the beginning.
inline constexpr std::int64_t kOpeningBalance = 1000;
/// A transfer moves 1 to this.
inline constexpr std::int64_t kAmountMax = 100;

struct Settings {
  std::size_t agents = 200;
  Conflict conflict = Conflict::low;
  std::size_t validators = 4;
  consensus::Executor executor = consensus::Executor::automatic;
  Duration duration = std::chrono::seconds{10};  ///< Of the transfers.
  std::size_t workers = 0;                       ///< 0: one a processor.
  bool is_kept = true;                           ///< Whether validators write their logs to disk, and wait for it.
  std::filesystem::path folder{};                ///< Where, and it stays; empty: in a temporary one.
  /// A validator that crashes when a third of the time is over, and comes back after another.
  std::optional<std::size_t> kill{};
  std::uint64_t seed = 1;  ///< Decides who pays whom how much.
};

/// **Errors**: invalid_argument for a validator to kill that there is not, or that would have nothing to come back
/// from.
[[nodiscard]] Result<void> check(const Settings& settings);

}  // namespace myelin::ledger
