#include "myelin/validator/state_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "storage/backup_file.hpp"
#include "storage/descriptor.hpp"
#include "storage/lmdb.hpp"
#include "storage/store_format.hpp"
#include "storage/whole_file.hpp"

namespace myelin::validator {

using namespace consensus;
using namespace store_format;

namespace {

constexpr std::string_view kVersionKey = "version";
constexpr std::string_view kVersion = "myelin state 3";
constexpr std::string_view kFieldsKey = "fields";
constexpr std::string_view kEpochsKey = "epochs";
constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

/// The file, and its named databases.
struct Database {
  std::filesystem::path path;
  lmdb::Environment environment;
  MDB_dbi cells = 0, sessions = 0, meta = 0;

  [[nodiscard]] tl::unexpected<Error> failure(std::string_view operation, int code) const {
    return lmdb::failure(operation, path, code);
  }
  [[nodiscard]] tl::unexpected<Error> corrupt(std::string_view what) const {
    return fail(Errc::corrupt_file,
                fmt::format("'{}': {}. Take it from a backup, or have the validator fetch the state "
                            "from the others",
                            path.string(), what));
  }

  /// Reads one record of `meta`; leaves `record` as it is where there is none yet.
  template <class Record, class Decode>
  [[nodiscard]] Result<void> read(MDB_txn* transaction, std::string_view name, Record& record, Decode decode) const {
    MDB_val key = lmdb::value_of(name), value;
    const int code = mdb_get(transaction, meta, &key, &value);
    if (code == MDB_NOTFOUND) return {};
    if (code != 0) return failure("read", code);
    if (!decode(lmdb::text_of(value), record)) return corrupt(fmt::format("its record '{}' is damaged", name));
    return {};
  }
  [[nodiscard]] Result<StateFields> fields(MDB_txn* transaction) const {
    StateFields fields;
    if (auto done = read(transaction, kFieldsKey, fields, decode_fields); !done) return tl::unexpected{done.error()};
    return fields;
  }
};

int put(MDB_txn* transaction, MDB_dbi database, std::string_view name, std::string_view content) noexcept {
  MDB_val key = lmdb::value_of(name), value = lmdb::value_of(content);
  return mdb_put(transaction, database, &key, &value, 0);
}

/// In the order of the keys: neighbours share their pages.
int apply(MDB_txn* transaction, MDB_dbi database, std::span<const StateDelta::Change> changes) {
  std::vector<const StateDelta::Change*> ordered;
  ordered.reserve(changes.size());
  for (const StateDelta::Change& change : changes) ordered.push_back(&change);
  std::ranges::sort(ordered, {}, [](const StateDelta::Change* change) { return change->key; });
  for (const StateDelta::Change* change : ordered) {
    const StoredKey stored_key{change->key};
    MDB_val key = lmdb::value_of(stored_key.text());
    int code = 0;
    if (change->cell.kind == ValueKind::absent) {
      code = mdb_del(transaction, database, &key, nullptr);
      if (code == MDB_NOTFOUND) code = 0;
    } else {
      MDB_val value{stored_bytes(change->cell), nullptr};
      code = mdb_put(transaction, database, &key, &value, MDB_RESERVE);
      if (code == 0) store(change->cell, static_cast<char*>(value.mv_data));
    }
    if (code != 0) return code;
  }
  return 0;
}

/// Whether the file is as long as its own tables say: where it is not, whoever reads it is killed by the system.
bool is_whole(const Database& database) {
  MDB_envinfo info{};
  MDB_stat pages{};
  struct stat status {};
  mdb_filehandle_t file = 0;
  if (mdb_env_info(database.environment.get(), &info) != 0 || mdb_env_stat(database.environment.get(), &pages) != 0 ||
      mdb_env_get_fd(database.environment.get(), &file) != 0 || ::fstat(file, &status) != 0) {
    return false;
  }
  return static_cast<std::uint64_t>(status.st_size) / pages.ms_psize > info.me_last_pgno;
}

/// A backup must stay as it is: opening a file writes to it.
Result<void> check_no_backup(const std::filesystem::path& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!file.is_open()) return {};
  const auto sealed = is_sealed(file, path);
  if (!sealed || !*sealed) return {};
  return fail(Errc::invalid_argument, fmt::format("'{}' is a backup, which nothing is to be written to; restore it "
                                                  "into a folder, and use that",
                                                  path.string()));
}

/// LMDB writes to its lock file through memory, and makes it without setting space aside: on a full disk that would end
/// the process with SIGBUS. Done before LMDB opens the file, for closing it gives up the process's locks on it.
Result<void> reserve_lock_file(const std::filesystem::path& path, unsigned readers) {
  constexpr std::size_t kBytesAReader = 64;  // of lmdb 0.9: MDB_reader fills a cache line,
  constexpr std::size_t kHeadBytes = 1024;   // MDB_txninfo some
  const std::filesystem::path lock = path.string() + "-lock";
  const Descriptor file{::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly)};
  if (!file.is_open()) return {};  // LMDB says why
  // The length stays: LMDB makes of a longer file that there may be more readers.
  const auto bytes = static_cast<off_t>(kHeadBytes + readers * kBytesAReader);
  if (::fallocate(file.number(), FALLOC_FL_KEEP_SIZE, 0, bytes) == 0) return {};
  // Where that is not offered, the file is written to as before.
  if (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS) return {};
  return system_failure("set space aside for", lock, errno);
}

int open_databases(Database& database, MDB_txn* transaction) noexcept {
  int code = mdb_dbi_open(transaction, "meta", MDB_CREATE, &database.meta);
  for (const auto& [name, number] : {std::pair{"cells", &database.cells}, std::pair{"sessions", &database.sessions}}) {
    if (code == 0) code = mdb_dbi_open(transaction, name, MDB_CREATE, number);
    if (code == 0) code = mdb_set_compare(transaction, *number, store_format::compare);
  }
  return code;
}

/// The next of a table's cells, by a cursor.
class Walk {
 public:
  Walk(const Database& database, MDB_txn* transaction, MDB_dbi table, int& code)
      : database_{database}, cursor_{lmdb::open_cursor(transaction, table, code)} {}

  /// Where the walk begins: the first key from `first` on.
  [[nodiscard]] Result<bool> seek(std::string_view first, std::string_view& key, Cell& cell) {
    if (first.empty()) return move(MDB_FIRST, {}, key, cell);
    if (first.size() > limits::kKeyBytesMax) {
      // Behind every key that begins alike; no key is as long.
      const Result<bool> found = seek(first.substr(0, limits::kKeyBytesMax), key, cell);
      return found && *found && key < first ? next(key, cell) : found;
    }
    return move(MDB_SET_RANGE, StoredKey{first}.text(), key, cell);
  }
  [[nodiscard]] Result<bool> next(std::string_view& key, Cell& cell) { return move(MDB_NEXT, {}, key, cell); }

 private:
  Result<bool> move(MDB_cursor_op operation, std::string_view from, std::string_view& key, Cell& cell) {
    MDB_val stored_key = lmdb::value_of(from), value;
    const int code = mdb_cursor_get(cursor_.get(), &stored_key, &value, operation);
    if (code == MDB_NOTFOUND) return false;
    if (code != 0) return database_.failure("read", code);
    key = key_of(lmdb::text_of(stored_key));
    if (!load(lmdb::text_of(value), cell)) return database_.corrupt("one of its values is damaged");
    return true;
  }

  const Database& database_;
  lmdb::Cursor cursor_;
};

class Source final : public StateSource {
 public:
  Source(const Database& database, MDB_txn* transaction, int& code)
      : cells_{database, transaction, database.cells, code},
        sessions_{database, transaction, database.sessions, code_of_sessions_} {
    if (code == 0) code = code_of_sessions_;
  }

  Result<bool> next_cell(std::string_view& key, Cell& cell) override { return next(cells_, has_cells_, key, cell); }
  Result<bool> next_session(std::string_view& key, Cell& cell) override {
    return next(sessions_, has_sessions_, key, cell);
  }

 private:
  static Result<bool> next(Walk& walk, bool& has_begun, std::string_view& key, Cell& cell) {
    return std::exchange(has_begun, true) ? walk.next(key, cell) : walk.seek({}, key, cell);
  }

  int code_of_sessions_ = 0;
  Walk cells_;
  Walk sessions_;
  bool has_cells_ = false;
  bool has_sessions_ = false;
};

}  // namespace

class StateStore::Impl {
 public:
  explicit Impl(Database opened) : database{std::move(opened)} {}

  Database database;
};

class StateStore::View::Impl {
 public:
  Impl(const Database& of, lmdb::Transaction begun) : database{&of}, transaction{std::move(begun)} {}

  [[nodiscard]] Cell shown(const Cell& cell) const {
    return in_force(cell, [this] { return time; });
  }
  [[nodiscard]] Result<void> read_time() {
    const auto fields = database->fields(transaction.get());
    if (!fields) return tl::unexpected{fields.error()};
    time = fields->time;
    return {};
  }

  const Database* database;
  lmdb::Transaction transaction;
  WallTime time = 0;
};

Result<StateStore> StateStore::open(const std::filesystem::path& path, const StoreOptions& options) {
  if (auto good = check_no_backup(path); !good) return tl::unexpected{good.error()};
  Database database;
  database.path = path;
  MDB_env* environment = nullptr;
  if (const int code = mdb_env_create(&environment); code != 0) return database.failure("open", code);
  database.environment.reset(environment);
  mdb_env_set_mapsize(environment, options.bytes_max);
  mdb_env_set_maxreaders(environment, options.views_max);
  mdb_env_set_maxdbs(environment, 3);
  if (auto reserved = reserve_lock_file(path, options.views_max); !reserved) return tl::unexpected{reserved.error()};
  // NOTLS: a view is whoever's holds it, not its thread's. NORDAHEAD is not set: load() reads all.
  if (const int code = mdb_env_open(environment, path.c_str(), MDB_NOSUBDIR | MDB_NOTLS, kOwnerOnly); code != 0) {
    return database.failure("open", code);
  }
  if (!is_whole(database)) return database.corrupt("the file is shorter than it says");
  int dead = 0;
  mdb_reader_check(environment, &dead);  // Views of processes that were killed.
  int code = 0;
  lmdb::Transaction transaction = lmdb::begin(environment, 0, code);
  if (code == 0) code = open_databases(database, transaction.get());
  if (code != 0) return database.failure("open", code);
  MDB_val key = lmdb::value_of(kVersionKey), version;
  code = mdb_get(transaction.get(), database.meta, &key, &version);
  if (code == 0 && lmdb::text_of(version) != kVersion) {
    return fail(Errc::unsupported_version,
                fmt::format("'{}' is '{}'; this build reads '{}': open it with the build that wrote it", path.string(),
                            lmdb::text_of(version), kVersion));
  }
  if (code != 0 && code != MDB_NOTFOUND) return database.failure("open", code);
  if (const auto fields = database.fields(transaction.get()); !fields) return tl::unexpected{fields.error()};
  // Writes, although it may change nothing: what was read may never have reached the disk, if the last process could
  // not sync it.
  code = put(transaction.get(), database.meta, kVersionKey, kVersion);
  if (code == 0) code = mdb_txn_commit(transaction.release());
  if (code != 0) return database.failure("write", code);
  return StateStore{std::make_unique<Impl>(std::move(database))};
}

Result<void> StateStore::save(const StateDelta& delta, std::span<const EpochRecord> epochs) {
  const Database& database = impl_->database;
  int code = 0;
  lmdb::Transaction transaction = lmdb::begin(database.environment.get(), 0, code);
  if (code != 0) return database.failure("save to", code);
  const auto stored = database.fields(transaction.get());
  if (!stored) return tl::unexpected{stored.error()};
  if (!delta.replaces_all && delta.since != stored->applied) {
    return fail(
        Errc::invalid_argument,
        fmt::format("'{}' has the state after commit {}, and what is to be saved has changed since {}: save every "
                    "delta, in order",
                    database.path.string(), stored->applied, delta.since));
  }
  if (delta.replaces_all) {
    code = mdb_drop(transaction.get(), database.cells, 0);
    if (code == 0) code = mdb_drop(transaction.get(), database.sessions, 0);
  }
  if (code == 0) code = apply(transaction.get(), database.cells, delta.cells);
  if (code == 0) code = apply(transaction.get(), database.sessions, delta.sessions);
  if (code == 0) code = put(transaction.get(), database.meta, kFieldsKey, encode_fields(delta.fields));
  if (code == 0) code = put(transaction.get(), database.meta, kEpochsKey, encode_epochs(epochs));
  if (code == 0) code = mdb_txn_commit(transaction.release());
  if (code != 0) return database.failure(fmt::format("save commit {} to", delta.fields.applied), code);
  return {};
}

Result<void> StateStore::load(StateMachine& machine) const {
  const Database& database = impl_->database;
  int code = 0;
  const lmdb::Transaction transaction = lmdb::begin(database.environment.get(), MDB_RDONLY, code);
  if (code != 0) return database.failure("read", code);
  const auto fields = database.fields(transaction.get());
  if (!fields) return tl::unexpected{fields.error()};
  if (*fields == StateFields{}) return {};
  Source source{database, transaction.get(), code};
  if (code != 0) return database.failure("read", code);
  if (const auto loaded = machine.load(*fields, source); !loaded) {
    if (loaded.error().code == Errc::corrupt_file) return database.corrupt(loaded.error().message);
    return loaded;
  }
  return {};
}

Result<StateStore::View> StateStore::view() const {
  const Database& database = impl_->database;
  int code = 0;
  lmdb::Transaction transaction = lmdb::begin(database.environment.get(), MDB_RDONLY, code);
  if (code != 0) return database.failure("read", code);
  auto impl = std::make_unique<View::Impl>(database, std::move(transaction));
  if (const auto read = impl->read_time(); !read) return tl::unexpected{read.error()};
  return View{std::move(impl)};
}

namespace {

/// `is_backup`: whether it is to be sealed.
Result<void> copy_to(const Database& database, const std::filesystem::path& path, bool is_backup) {
  auto copy = WholeFile::create(path, is_backup ? "a backup" : "a state");
  if (!copy) return tl::unexpected{copy.error()};
  const int code = mdb_env_copyfd2(database.environment.get(), copy->file().number(), MDB_CP_COMPACT);
  if (code != 0) return lmdb::failure("write a backup to", copy->partial(), code);
  if (is_backup) {
    if (auto sealed = seal_backup(copy->file(), copy->partial()); !sealed) return sealed;
  }
  return copy->keep();
}

}  // namespace

Result<void> StateStore::copy(const std::filesystem::path& path) const { return copy_to(impl_->database, path, false); }

Result<void> StateStore::backup(const std::filesystem::path& path) const {
  return copy_to(impl_->database, path, true);
}

Result<StateStore> StateStore::restore(const std::filesystem::path& backup, const std::filesystem::path& path,
                                       const StoreOptions& options) {
  if (auto copied = open_seal(backup, path); !copied) return tl::unexpected{copied.error()};
  return open(path, options);
}

std::uint64_t StateStore::size() const {
  MDB_envinfo info{};
  MDB_stat pages{};
  mdb_env_info(impl_->database.environment.get(), &info);
  mdb_env_stat(impl_->database.environment.get(), &pages);
  return (info.me_last_pgno + 1) * pages.ms_psize;
}

StateStore::StateStore(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
StateStore::StateStore(StateStore&&) noexcept = default;
StateStore& StateStore::operator=(StateStore&&) noexcept = default;
StateStore::~StateStore() = default;

StateStore::View::View(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
StateStore::View::View(View&&) noexcept = default;
StateStore::View& StateStore::View::operator=(View&&) noexcept = default;
StateStore::View::~View() = default;

Result<StateFields> StateStore::View::fields() const { return impl_->database->fields(impl_->transaction.get()); }

Result<std::vector<EpochRecord>> StateStore::View::epochs() const {
  std::vector<EpochRecord> epochs;
  const auto read = impl_->database->read(impl_->transaction.get(), kEpochsKey, epochs, decode_epochs);
  if (!read) return tl::unexpected{read.error()};
  return epochs;
}

Result<Cell> StateStore::View::get(std::string_view key) const {
  if (key.empty() || key.size() > limits::kKeyBytesMax) return Cell{};
  const StoredKey stored_key{key};
  MDB_val wanted = lmdb::value_of(stored_key.text()), value;
  const int code = mdb_get(impl_->transaction.get(), impl_->database->cells, &wanted, &value);
  if (code == MDB_NOTFOUND) return Cell{};
  if (code != 0) return impl_->database->failure("read", code);
  Cell cell;
  if (!store_format::load(lmdb::text_of(value), cell)) return impl_->database->corrupt("one of its values is damaged");
  return impl_->shown(cell);
}

Result<void> StateStore::View::range(std::string_view first, std::string_view end, const Visit& visit) const {
  int code = 0;
  Walk walk{*impl_->database, impl_->transaction.get(), impl_->database->cells, code};
  if (code != 0) return impl_->database->failure("read", code);
  std::string_view key;
  Cell cell;
  Result<bool> more = walk.seek(first, key, cell);
  for (; more && *more && (end.empty() || key < end); more = walk.next(key, cell)) {
    cell = impl_->shown(cell);
    if (cell.kind != ValueKind::absent && !visit(key, cell)) break;
  }
  if (!more) return tl::unexpected{more.error()};
  return {};
}

Result<void> StateStore::View::refresh() {
  mdb_txn_reset(impl_->transaction.get());
  if (const int code = mdb_txn_renew(impl_->transaction.get()); code != 0) {
    return impl_->database->failure("read", code);
  }
  return impl_->read_time();
}

}  // namespace myelin::validator
