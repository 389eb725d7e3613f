#include "demos/ledger/accounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "demos/ledger/settings.hpp"

namespace myelin::ledger {

namespace {

/// For one call; a group that takes longer is not at work.
constexpr Duration kCallLimit = std::chrono::seconds{30};
constexpr std::size_t kAccountsABatch = 500;
constexpr std::uint32_t kAccountsAPage = 256;

/// For a range whose answer was lost on its way.
constexpr int kReadingsMax = 3;

bool is_empty(const MemoryOutcome& outcome) { return outcome.entries.empty(); }

/// What comes behind all keys that begin so. **Requires**: it does not end in the last of all characters.
std::string last_key_of(std::string prefix) {
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

Result<void> add_account(Balances& balances, const std::string& name, const MemoryValue& value, const Memory& space) {
  if (value.kind() != ValueKind::number) {
    return fail(Errc::wrong_value_kind,
                fmt::format("'{}{}' holds no number, and is no account of this demo; use another folder",
                            space.prefix(), name));
  }
  balances.by_account.emplace(name, value.number());
  return {};
}

}  // namespace

std::int64_t Balances::total() const noexcept {
  return std::accumulate(by_account.begin(), by_account.end(), std::int64_t{0},
                         [](std::int64_t sum, const auto& account) { return sum + account.second; });
}

std::vector<std::string> account_names(std::size_t count) {
  const std::size_t digits = fmt::formatted_size("{}", count - 1);
  std::vector<std::string> names;
  names.reserve(count);
  for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("account{:0{}}", i, digits));
  return names;
}

Result<Balances> read_balances(Mesh& mesh, const Memory& space, const std::stop_token& stop) {
  Balances balances;
  std::string cursor;
  do {
    const auto page = mesh.ask(space.search("*", kAccountsAPage, cursor), kCallLimit, stop);
    if (!page) return tl::unexpected{page.error()};
    for (const MemoryPage::Entry& entry : page->entries) {
      if (const auto added = add_account(balances, entry.key, entry.value, space); !added) {
        return tl::unexpected{added.error()};
      }
    }
    cursor = page->cursor;
  } while (!cursor.empty());
  return balances;
}

Result<Balances> read_balances_at_once(Mesh& mesh, const Memory& space, const std::vector<std::string>& names) {
  // Ranges from one name to another that is a page further, in one call: they are executed together.
  const std::string last = last_key_of(space.prefix());
  std::vector<std::string> bounds{space.prefix()};
  for (std::size_t i = kAccountsAPage; i < names.size(); i += kAccountsAPage) {
    bounds.push_back(space.prefix() + names[i]);
  }
  std::vector<consensus::Transaction> ranges;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    ranges.push_back(
        consensus::Transaction::range(bounds[i], i + 1 < bounds.size() ? bounds[i + 1] : last, kAccountsAPage));
  }
  Result<std::vector<MemoryOutcome>> outcomes;
  for (int reading = 0; reading < kReadingsMax; ++reading) {
    outcomes = mesh.ask(space.execute(ranges), kCallLimit);
    if (!outcomes) return tl::unexpected{outcomes.error()};
    // The session asked twice: of long answers to what was executed before, only the statuses are known.
    if (names.empty() || !std::ranges::any_of(*outcomes, is_empty)) break;
  }
  Balances balances;
  for (const MemoryOutcome& outcome : *outcomes) {
    if (outcome.status != consensus::Status::ok) {
      return fail(Errc::invalid_argument,
                  fmt::format("accounts cannot be read: {}", consensus::to_string(outcome.status)));
    }
    for (const MemoryPage::Entry& entry : outcome.entries) {
      if (const auto added = add_account(balances, entry.key.substr(space.prefix().size()), entry.value, space);
          !added) {
        return tl::unexpected{added.error()};
      }
    }
  }
  return balances;
}

Result<std::size_t> open_accounts(Mesh& mesh, const Memory& space, const std::vector<std::string>& names,
                                  const Balances& there, const std::stop_token& stop) {
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    if (!there.by_account.contains(name)) missing.push_back(space.prefix() + name);
  }
  for (std::size_t begin = 0; begin < missing.size(); begin += kAccountsABatch) {
    std::vector<consensus::Transaction> batch;
    for (std::size_t i = begin; i < std::min(begin + kAccountsABatch, missing.size()); ++i) {
      batch.push_back(consensus::Transaction::add(missing[i], kOpeningBalance));
    }
    const auto opened = mesh.ask(space.execute(batch), kCallLimit, stop);
    if (!opened) return tl::unexpected{opened.error()};
    for (std::size_t i = 0; i < opened->size(); ++i) {
      const consensus::Status status = (*opened)[i].status;
      if (status == consensus::Status::ok) continue;
      return fail(Errc::invalid_argument,
                  fmt::format("cannot open '{}': {}", missing[begin + i], consensus::to_string(status)));
    }
  }
  return missing.size();
}

Result<void> check_balances(const Balances& balances, std::size_t expected) {
  const auto total = static_cast<std::int64_t>(expected) * kOpeningBalance;
  const std::size_t accounts = balances.by_account.size();
  const auto negative =
      std::ranges::find_if(balances.by_account, [](const auto& account) { return account.second < 0; });
  if (negative != balances.by_account.end()) {
    return fail(Errc::corrupt_file,
                fmt::format("balances are wrong: '{}' holds {}", negative->first, negative->second));
  }
  if (accounts == expected && balances.total() == total) return {};
  return fail(Errc::corrupt_file,
              fmt::format("balances do not add up: {} accounts, total {}; it should be {} accounts, "
                          "total {}",
                          accounts, balances.total(), expected, total));
}

}  // namespace myelin::ledger
