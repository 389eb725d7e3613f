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
constexpr int kReadingsMax = 100;

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
      if (entry.value.kind() != ValueKind::number) {
        return fail(Errc::wrong_value_kind, fmt::format("'{}{}' holds no number, and is no account of this demo; use "
                                                        "another folder",
                                                        space.prefix(), entry.key));
      }
      balances.by_account.emplace(entry.key, entry.value.number());
    }
    cursor = page->cursor;
  } while (!cursor.empty());
  return balances;
}

Result<Balances> read_settled_balances(Mesh& mesh, const Memory& space, const std::stop_token& stop) {
  Result<Balances> last = read_balances(mesh, space, stop);
  for (int reading = 1; last && reading < kReadingsMax; ++reading) {
    Result<Balances> next = read_balances(mesh, space, stop);
    if (!next || next->by_account == last->by_account) return next;
    last = std::move(next);
  }
  if (!last) return last;
  return fail(Errc::timeout, fmt::format("the accounts still change after {} readings", kReadingsMax));
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
