#include "demos/ledger/settings.hpp"

#include <fmt/format.h>

#include <array>

namespace myelin::ledger {

std::string_view to_string(Conflict conflict) noexcept {
  switch (conflict) {
    case Conflict::low: return "low";
    case Conflict::medium: return "medium";
    case Conflict::high: return "high";
  }
  return "unknown";
}

Result<Conflict> parse_conflict(std::string_view name) {
  for (const Conflict conflict : {Conflict::low, Conflict::medium, Conflict::high}) {
    if (name == to_string(conflict)) return conflict;
  }
  return fail(Errc::invalid_argument, fmt::format("'{}' is no conflict rate; choose low, medium or high", name));
}

std::size_t accounts_of(Conflict conflict) noexcept {
  switch (conflict) {
    case Conflict::low: return 10'000;
    case Conflict::medium: return 100;
    case Conflict::high: return 4;
  }
  return 0;
}

Result<consensus::Executor> parse_executor(std::string_view name) {
  using enum consensus::Executor;
  for (const consensus::Executor executor : {automatic, sequential, scheduled, block_stm}) {
    if (name == consensus::to_string(executor)) return executor;
  }
  return fail(Errc::invalid_argument,
              fmt::format("'{}' is no executor; choose automatic, sequential, scheduled or block_stm", name));
}

Result<void> check(const Settings& settings) {
  if (!settings.kill) return {};
  if (*settings.kill >= settings.validators) {
    return fail(Errc::invalid_argument, fmt::format("there is no validator {} to kill; they are 0 to {}",
                                                    *settings.kill, settings.validators - 1));
  }
  if (!settings.is_kept) {
    return fail(Errc::invalid_argument, "a validator that keeps nothing could not come back; kill one that has a disk");
  }
  return {};
}

}  // namespace myelin::ledger
