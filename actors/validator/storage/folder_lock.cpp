#include "myelin/validator/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "storage/descriptor.hpp"

namespace myelin::validator {

class FolderLock::Impl {
 public:
  explicit Impl(Descriptor file) : file_{std::move(file)} {}

 private:
  Descriptor file_;
};

namespace {

/// " (process 4711)", or nothing where the file does not say.
std::string holder_of(const Descriptor& file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file.number(), text.data(), text.size(), 0);
  std::string digits;
  for (ssize_t i = 0; i < size && text[static_cast<std::size_t>(i)] >= '0' && text[static_cast<std::size_t>(i)] <= '9';
       ++i) {
    digits += text[static_cast<std::size_t>(i)];
  }
  return digits.empty() ? std::string{} : fmt::format(" (process {})", digits);
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) return system_failure("make the folder", folder, errno);
  const std::filesystem::path path = folder / "lock";
  Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!file.is_open()) return system_failure("open", path, errno);
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_failure("lock", path, errno);
    return fail(Errc::invalid_argument,
                fmt::format("the folder '{}' is in use{}: stop what uses it, or give this validator a folder of its "
                            "own. Never copy one: two validators with one key are a faulty one",
                            folder.string(), holder_of(file)));
  }
  // For people alone: who holds the lock is what the system says.
  const std::string holder = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file.number(), 0) != 0 ||
      ::pwrite(file.number(), holder.data(), holder.size(), 0) != static_cast<ssize_t>(holder.size())) {
    static_cast<void>(::ftruncate(file.number(), 0));
  }
  return FolderLock{std::make_unique<Impl>(std::move(file))};
}

FolderLock::FolderLock(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
FolderLock::FolderLock(FolderLock&&) noexcept = default;
FolderLock& FolderLock::operator=(FolderLock&&) noexcept = default;
FolderLock::~FolderLock() = default;

}  // namespace myelin::validator
