/// The replicated state on disk, in one LMDB file: read in place, by any thread, while it is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/cell.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/state_delta.hpp"
#include "myelin/consensus/state_machine.hpp"

namespace myelin::validator {

/// One epoch of the group: who validated, what it started from, and the commit that ended it, or 0.
struct EpochRecord {
  consensus::Epoch epoch = 0;
  consensus::Committee::Start start;
  consensus::CommitIndex last = 0;
  std::vector<consensus::PublicKey> validators;
};

struct StoreOptions {
  /// The file's bound in bytes. It is address space that is set aside, not disk.
  std::uint64_t bytes_max = std::uint64_t{16} << 30;
  unsigned views_max = 126;  ///< Views at once, in all processes.
};
static_assert(StoreOptions{}.bytes_max >= 4 * consensus::limits::kStateBytesMax,
              "room for the pages' slack, and for what a save replaces");

/// **Thread-safety**: thread-safe. A process must not have one file open twice.
///
/// The file is LMDB's: a save takes effect as a whole or not at all, and readers see one state while they look. Its
/// pages have no checksums. load() compares the whole state with its root; a file whose pages' structure was damaged
/// may crash whoever reads it.
class StateStore {
 public:
  /// The state as it was when the view was made, or refreshed. Pages that it shows are not used again meanwhile: a view
  /// that is kept makes the file grow. **Thread-safety**: thread-compatible. **Requires**: the store lives as long.
  class View {
   public:
    View(View&&) noexcept;
    View& operator=(View&&) noexcept;
    ~View();

    /// Which state this is. **Errors**: corrupt_file.
    [[nodiscard]] Result<consensus::StateFields> fields() const;
    /// **Errors**: corrupt_file.
    [[nodiscard]] Result<std::vector<EpochRecord>> epochs() const;
    /// What the key holds at the time of the state's commit, in place: `bytes` are in the file, begin at a multiple of
    /// 8, and are good until the view goes or is refreshed. **Errors**: corrupt_file. **Cost**: no system call, no
    /// copy.
    [[nodiscard]] Result<consensus::Cell> get(std::string_view key) const;
    /// Calls `visit` for the keys from `first` to below `end` (empty: the last) that hold something, in order, until it
    /// returns false. **Errors**: corrupt_file.
    using Visit = std::function<bool(std::string_view key, const consensus::Cell& cell)>;
    [[nodiscard]] Result<void> range(std::string_view first, std::string_view end, const Visit& visit) const;
    /// Shows the latest state from now on. **Errors**: io_error. **Cost**: that of a few atomic operations; a new view
    /// takes a lock.
    [[nodiscard]] Result<void> refresh();

   private:
    friend class StateStore;
    class Impl;
    explicit View(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
  };

  /// Opens the file; makes an empty one, for its owner alone, where there is none. What it shows is on disk when this
  /// returns. **Errors**: corrupt_file; unsupported_version; invalid_argument for a backup, which opening would change;
  /// not_found, if there is no such folder; io_error.
  [[nodiscard]] static Result<StateStore> open(const std::filesystem::path& path, const StoreOptions& options = {});

  StateStore(StateStore&&) noexcept;
  StateStore& operator=(StateStore&&) noexcept;
  ~StateStore();

  /// Makes the stored state the one that `delta` leads to. It is on disk when this returns; if it fails, the stored
  /// state is what it was, and the same delta can be saved again: where the error says so, once the file was closed
  /// and opened again, for until then nothing more is read or written.
  /// **Errors**: invalid_argument for a delta that does not start from the stored state; io_error, naming the bound
  /// where the file has reached it, or the system's reason. **Thread-safety**: one save at a time.
  /// **Cost**: blocks for the disk, twice; some us a change.
  [[nodiscard]] Result<void> save(const consensus::StateDelta& delta, std::span<const EpochRecord> epochs);

  /// Gives a state machine what is stored; nothing, where nothing is.
  /// **Errors**: corrupt_file, changing nothing: it does not have the root that it was stored with.
  [[nodiscard]] Result<void> load(consensus::StateMachine& machine) const;

  /// **Errors**: overloaded, if too many views are open; io_error.
  [[nodiscard]] Result<View> view() const;

  /// Copies the latest state into a new file, which open() reads, without the file's unused pages. It is on disk when
  /// this returns; saves go on meanwhile. **Errors**: invalid_argument, if there is such a file; io_error.
  [[nodiscard]] Result<void> copy(const std::filesystem::path& path) const;
  /// The same, with a hash behind the pages, for restore() to compare. **Errors**: as copy().
  [[nodiscard]] Result<void> backup(const std::filesystem::path& path) const;
  /// Opens a new file with what a backup has, which is compared with its hash first; the backup stays as it is.
  /// **Errors**: not_found; corrupt_file: no backup, or not all of it, or another than was written;
  /// unsupported_version; io_error, also where there is a file at `path`. **Cost**: reads and writes all of it.
  [[nodiscard]] static Result<StateStore> restore(const std::filesystem::path& backup,
                                                  const std::filesystem::path& path, const StoreOptions& options = {});

  /// Bytes of the file that are in use, or will be used again before it grows.
  [[nodiscard]] std::uint64_t size() const;

 private:
  class Impl;
  explicit StateStore(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin::validator
