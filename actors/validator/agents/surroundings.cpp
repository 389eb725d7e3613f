#include "agents/surroundings.hpp"

#include <chrono>
#include <utility>

namespace myelin::validator {

namespace {

namespace fs = std::filesystem;

class SteadyClock final : public consensus::CostClock {
 public:
  TimePoint now() override { return std::chrono::steady_clock::now(); }
};

/// A disk whose syncs promise nothing.
class UnsyncedDisk final : public Disk {
 public:
  class UnsyncedFile final : public File {
   public:
    explicit UnsyncedFile(std::unique_ptr<File> file) : file_{std::move(file)} {}
    Result<std::size_t> write_some(std::span<const std::byte> bytes, std::uint64_t offset) override {
      return file_->write_some(bytes, offset);
    }
    Result<void> sync() override { return {}; }
    Result<void> resize(std::uint64_t bytes) override { return file_->resize(bytes); }
    Result<void> allocate(std::uint64_t offset, std::uint64_t bytes) override { return file_->allocate(offset, bytes); }
    Result<std::vector<std::byte>> read_all() override { return file_->read_all(); }

   private:
    std::unique_ptr<File> file_;
  };

  Result<std::unique_ptr<File>> open(const fs::path& path) override {
    auto file = disk_.open(path);
    if (!file) return file;
    return std::make_unique<UnsyncedFile>(std::move(*file));
  }
  Result<void> rename(const fs::path& from, const fs::path& to) override { return disk_.rename(from, to); }
  Result<void> remove(const fs::path& path) override { return disk_.remove(path); }
  Result<void> sync_folder(const fs::path&) override { return {}; }

 private:
  PosixDisk disk_;
};

consensus::WallTime system_time() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::shared_ptr<Surroundings> surroundings_of_machine(bool syncs, std::function<consensus::WallTime()> wall_clock) {
  auto machine = std::make_shared<Surroundings>();
  machine->checker = std::make_unique<consensus::Ed25519Checker>();
  machine->clock = std::make_unique<SteadyClock>();
  machine->wall_clock = wall_clock ? std::move(wall_clock) : system_time;
  if (syncs) {
    machine->disk = std::make_unique<PosixDisk>();
  } else {
    machine->disk = std::make_unique<UnsyncedDisk>();
  }
  return machine;
}

}  // namespace myelin::validator
