/// A disk in memory that crashes when told to, and that fails at whichever call it is told to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "myelin/validator/disk.hpp"

namespace myelin::test {

/// What was written and not synced is lost in a crash, by sectors, as the seed has it; so may be a name
/// that a folder was given and that was not synced. **Thread-safety**: thread-compatible.
class MemoryDisk final : public validator::Disk {
 public:
  using Path = std::filesystem::path;
  using Bytes = std::vector<std::byte>;

  /// The `number`th call from now on fails, from 1, and does nothing; where it writes, it may do a part of it. Then
  /// calls work again, as they do on a disk with one bad moment. 0: none fails.
  void fail_at(std::uint64_t number) { fail_at_ = number == 0 ? 0 : calls_ + number; }
  /// Calls so far.
  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }
  /// Whether a call has failed.
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }
  /// What a failing sync had to write is lost though later syncs work, as on Linux; but reads still show it.
  void lose_what_failed_to_sync() { loses_unsynced_ = true; }

  /// The machine stops, and starts again.
  void crash(std::uint64_t seed) {
    random_ = seed;
    if (random() % 2 == 0) durable_names_ = names_;
    names_ = durable_names_;
    for (auto& [path, inode] : names_) {
      inode->crash([this] { return random() % 2 == 0; });
    }
    fail_at_ = 0;
  }
  [[nodiscard]] Bytes& content(const Path& path) { return names_.at(path)->now; }
  [[nodiscard]] bool exists(const Path& path) const { return names_.contains(path); }

  Result<std::unique_ptr<validator::File>> open(const Path& path) override {
    if (fails()) return failure("open", path);
    auto& inode = names_[path];
    if (!inode) inode = std::make_shared<Inode>();
    return std::make_unique<OpenFile>(*this, inode, path);
  }
  Result<void> rename(const Path& from, const Path& to) override {
    if (fails()) return failure("rename", from);
    names_[to] = names_.at(from);
    names_.erase(from);
    return {};
  }
  Result<void> remove(const Path& path) override {
    if (fails()) return failure("remove", path);
    names_.erase(path);
    return {};
  }
  Result<void> sync_folder(const Path&) override {
    if (fails()) return failure("sync the folder of", {});
    durable_names_ = names_;
    return {};
  }

 private:
  static constexpr std::size_t kSector = 512;

  struct Inode {
    Bytes now, durable;
    std::vector<bool> is_clean;  // sectors that the system takes for written, whether they are or not

    template <class Coin>
    void crash(Coin coin) {
      // The length is that of what was synced, or of what was written.
      Bytes after = durable;
      if (now.size() > after.size() && coin()) after.resize(now.size());
      if (now.size() < after.size() && coin()) after.resize(now.size());
      for (std::size_t at = 0; at < std::min(after.size(), now.size()); at += kSector) {
        const bool may_have_been_written = at / kSector >= is_clean.size() || !is_clean[at / kSector];
        if (!may_have_been_written || !coin()) continue;
        const std::size_t size = std::min({kSector, after.size() - at, now.size() - at});
        std::memcpy(after.data() + at, now.data() + at, size);
      }
      now = durable = std::move(after);
      is_clean.clear();
    }
    void mark(std::size_t begin, std::size_t end, bool clean) {
      is_clean.resize(std::max(is_clean.size(), (end + kSector - 1) / kSector));
      for (std::size_t sector = begin / kSector; sector * kSector < end; ++sector) is_clean[sector] = clean;
    }
    void sync() {
      durable.resize(now.size());
      for (std::size_t at = 0; at < now.size(); at += kSector) {
        if (at / kSector < is_clean.size() && is_clean[at / kSector]) continue;
        std::memcpy(durable.data() + at, now.data() + at, std::min(kSector, now.size() - at));
      }
      mark(0, now.size(), true);
    }
  };

  class OpenFile final : public validator::File {
   public:
    OpenFile(MemoryDisk& disk, std::shared_ptr<Inode> inode, Path path)
        : disk_{disk}, inode_{std::move(inode)}, path_{std::move(path)} {}

    Result<std::size_t> write_some(std::span<const std::byte> bytes, std::uint64_t offset) override {
      const bool fails = disk_.fails();
      // Never all at once, and before it fails some: as a disk may that is full.
      std::size_t size = bytes.size() > 1 ? bytes.size() / 2 + bytes.size() % 7 : bytes.size();
      size = std::min(size, bytes.size());
      Bytes& now = inode_->now;
      now.resize(std::max<std::size_t>(now.size(), offset + size));
      std::memcpy(now.data() + offset, bytes.data(), size);
      inode_->mark(offset, offset + size, false);
      if (fails) return disk_.failure("write", path_);
      return size;
    }
    Result<void> sync() override {
      if (disk_.fails()) {
        if (disk_.loses_unsynced_) inode_->mark(0, inode_->now.size(), true);
        return disk_.failure("sync", path_);
      }
      inode_->sync();
      return {};
    }
    Result<void> resize(std::uint64_t bytes) override {
      if (disk_.fails()) return disk_.failure("resize", path_);
      const std::size_t before = inode_->now.size();
      inode_->now.resize(bytes);
      if (bytes > before) inode_->mark(before, bytes, false);
      if (bytes < before && bytes > 0) inode_->mark(bytes - 1, bytes, false);
      return {};
    }
    Result<void> allocate(std::uint64_t offset, std::uint64_t bytes) override {
      if (disk_.fails()) return disk_.failure("allocate", path_);
      const std::size_t before = inode_->now.size();
      inode_->now.resize(std::max<std::size_t>(before, offset + bytes));
      if (inode_->now.size() > before) inode_->mark(before, inode_->now.size(), false);
      return {};
    }
    Result<Bytes> read_all() override {
      if (disk_.fails()) return disk_.failure("read", path_);
      return inode_->now;
    }

   private:
    MemoryDisk& disk_;
    std::shared_ptr<Inode> inode_;
    Path path_;
  };

  [[nodiscard]] bool fails() { return ++calls_ == fail_at_; }
  [[nodiscard]] tl::unexpected<Error> failure(const char* what, const Path& path) {
    has_failed_ = true;
    return fail(Errc::io_error, std::string{"cannot "} + what + " '" + path.string() + "': as told");
  }
  [[nodiscard]] std::uint64_t random() {
    random_ = random_ * 6364136223846793005 + 1442695040888963407;
    return random_ >> 33;
  }

  std::map<Path, std::shared_ptr<Inode>> names_, durable_names_;
  std::uint64_t calls_ = 0, fail_at_ = 0, random_ = 0;
  bool has_failed_ = false, loses_unsynced_ = false;
};

}  // namespace myelin::test
