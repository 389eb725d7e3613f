#include "storage/epoch_files.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "myelin/validator/disk.hpp"

namespace myelin::validator {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLog = "log-";
constexpr std::string_view kStart = "start-";

/// The number behind the prefix; nothing for a name that is none of an epoch's.
std::optional<consensus::Epoch> epoch_in(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  consensus::Epoch epoch = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), epoch);
  if (error != std::errc{}) return std::nullopt;
  // What may stand behind the number is of a file that was not whole yet, or of its lock.
  if (end != name.data() + name.size() && *end != '.' && *end != '-') return std::nullopt;
  return epoch;
}

}  // namespace

fs::path state_path(const fs::path& folder) { return folder / "state"; }
fs::path log_path(const fs::path& folder, consensus::Epoch epoch) { return folder / fmt::format("{}{}", kLog, epoch); }
fs::path start_path(const fs::path& folder, consensus::Epoch epoch) {
  return folder / fmt::format("{}{}", kStart, epoch);
}

Result<std::optional<EpochRecord>> last_epoch(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(state_path(folder), ignored)) return std::nullopt;
  const auto store = StateStore::open(state_path(folder));
  if (!store) return tl::unexpected{store.error()};
  const auto view = store->view();
  if (!view) return tl::unexpected{view.error()};
  auto epochs = view->epochs();
  if (!epochs) return tl::unexpected{epochs.error()};
  if (epochs->empty()) return std::nullopt;
  return std::move(epochs->back());
}

Result<void> keep_start(const fs::path& folder, consensus::Epoch epoch) {
  if (std::error_code ignored; fs::exists(start_path(folder, epoch), ignored)) return {};
  const auto store = StateStore::open(state_path(folder));
  if (!store) return tl::unexpected{store.error()};
  const auto view = store->view();
  if (!view) return tl::unexpected{view.error()};
  const auto fields = view->fields();
  if (!fields) return tl::unexpected{fields.error()};
  if (fields->next_validators.empty() || fields->epoch + 1 != epoch) {
    return fail(Errc::not_found,
                fmt::format("the state in {} is not what epoch {} starts from", folder.string(), epoch));
  }
  return store->copy(start_path(folder, epoch));
}

Result<void> take_start(const fs::path& from, const fs::path& to, consensus::Epoch epoch) {
  std::error_code failed;
  if (!fs::exists(start_path(from, epoch), failed)) {
    return fail(Errc::not_found, fmt::format("{} has not the state that epoch {} starts from", from.string(), epoch));
  }
  const auto start = StateStore::open(start_path(from, epoch));
  if (!start) return tl::unexpected{start.error()};
  // A folder without a state is one that was lost: there is one at all times.
  const fs::path taken = state_path(to).string() + ".new";
  fs::remove(taken, failed);
  if (auto copied = start->copy(taken); !copied) return copied;
  fs::remove(state_path(to).string() + "-lock", failed);
  PosixDisk disk;
  if (auto renamed = disk.rename(taken, state_path(to)); !renamed) return renamed;
  if (auto synced = disk.sync_folder(to); !synced) return synced;
  remove_epochs_before(to, epoch);
  return {};
}

void remove_epochs_before(const fs::path& folder, consensus::Epoch epoch) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator{folder, ignored}) {
    const std::string name = entry.path().filename().string();
    auto of = epoch_in(name, kLog);
    if (!of) of = epoch_in(name, kStart);
    if (of && *of < epoch) fs::remove(entry.path(), ignored);
  }
}

}  // namespace myelin::validator
