#include "process/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace myelin::tool {

namespace {

tl::unexpected<Error> failed(const char* what, const std::filesystem::path& path, int error) {
  return fail(Errc::io_error,
              fmt::format("cannot {} '{}': {}", what, path.string(), std::generic_category().message(error)));
}

/// False with errno set.
bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

/// Where a path leads.
struct Place {
  std::filesystem::path path;  ///< Behind all links, where it is to be replaced; else as it was given.
  bool is_replaced = true;     ///< False for what must stay the thing that it is, and is written to.
};

/// A link there (/dev/stdout leads over one) stands for something open; its text is a name only by chance.
bool is_in_proc(const std::filesystem::path& directory) {
  struct statfs about = {};
  return ::statfs(directory.c_str(), &about) == 0 && about.f_type == PROC_SUPER_MAGIC;
}

Result<Place> place_of(const std::filesystem::path& path) {
  struct stat about = {};
  const bool is_there = ::stat(path.c_str(), &about) == 0;
  if (!is_there && errno != ENOENT) return failed("follow", path, errno);
  if (is_there && S_ISDIR(about.st_mode)) return failed("write", path, EISDIR);
  if (is_there && S_ISBLK(about.st_mode)) {
    return fail(Errc::io_error, fmt::format("cannot write '{}': it is a disk; name a file", path.string()));
  }
  if (is_there && !S_ISREG(about.st_mode)) return Place{path, false};
  constexpr int kLinksMax = 40;  // as Linux has it
  std::filesystem::path end = path;
  for (int links = 0;; ++links) {
    std::error_code error;
    if (!std::filesystem::is_symlink(end, error)) return Place{end, true};
    if (is_in_proc(directory_of(end))) return Place{path, false};
    if (links == kLinksMax) return failed("follow", path, ELOOP);
    const std::filesystem::path next = std::filesystem::read_symlink(end, error);
    if (error) return failed("follow", path, error.value());
    end = directory_of(end) / next;  // next alone, where it is absolute
  }
}

/// To what is there. A regular file, which came by its name in /proc, keeps what it has.
Result<void> write_in_place(const std::filesystem::path& path, std::string_view content) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return failed("open", path, errno);
  const bool written = write_all(descriptor, content);
  const int error = errno;
  ::close(descriptor);
  return written ? Result<void>{} : failed("write", path, error);
}

/// A temporary file that removes itself unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target) : name_{target.string() + ".XXXXXX"} {
    descriptor_ = mkostemp(name_.data(), O_CLOEXEC);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (!renamed_) ::unlink(name_.c_str());
  }

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  [[nodiscard]] bool write(std::string_view content) {
    if (!write_all(descriptor_, content)) return false;
    constexpr mode_t kOwnerWritesAllRead = 0644;  // mkostemp makes files that only the owner may read.
    return ::fchmod(descriptor_, kOwnerWritesAllRead) == 0 && ::fsync(descriptor_) == 0;
  }

  [[nodiscard]] bool rename_to(const std::filesystem::path& target) {
    renamed_ = ::rename(name_.c_str(), target.c_str()) == 0;
    return renamed_;
  }

 private:
  std::string name_;
  int descriptor_ = -1;
  bool renamed_ = false;
};

/// Makes a rename in the directory survive a power cut. Not all file systems can, so a failure is no error.
void flush_directory_of(const std::filesystem::path& path) {
  const std::filesystem::path directory = directory_of(path);
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  const Result<Place> place = place_of(path);
  if (!place) return tl::unexpected{place.error()};
  if (!place->is_replaced) return write_in_place(place->path, content);
  const std::filesystem::path& target = place->path;
  TemporaryFile file{target};
  if (!file.is_open()) return failed("create a file beside", target, errno);
  if (!file.write(content)) return failed("write", target, errno);
  if (!file.rename_to(target)) return failed("replace", target, errno);
  flush_directory_of(target);
  return {};
}

Result<void> check_can_write(std::string_view option, const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(Errc::io_error, fmt::format("{} '{}' is a directory; name a file in it", option, path.string()));
  }
  const Result<Place> place = place_of(path);
  if (!place) return fail(place.error().code, fmt::format("{}: {}", option, place.error().message));
  if (!place->is_replaced) {
    if (::access(path.c_str(), W_OK) == 0) return {};
    return fail(Errc::io_error, fmt::format("{}: cannot write to '{}': {}; choose another file", option, path.string(),
                                            std::generic_category().message(errno)));
  }
  const std::filesystem::path directory = directory_of(place->path);
  if (!std::filesystem::is_directory(directory, ignored)) {
    return fail(Errc::io_error,
                fmt::format("{} '{}': no directory '{}'; make it first", option, path.string(), directory.string()));
  }
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    return fail(Errc::io_error, fmt::format("{}: cannot write to '{}': {}; choose another directory", option,
                                            directory.string(), std::generic_category().message(errno)));
  }
  return {};
}

bool are_same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code ignored;
  if (std::filesystem::equivalent(a, b, ignored)) return true;
  const Result<Place> first = place_of(a);
  const Result<Place> second = place_of(b);
  if (!first || !second) return false;
  // Of what is not there, the directory is.
  return first->path.filename() == second->path.filename() &&
         std::filesystem::equivalent(directory_of(first->path), directory_of(second->path), ignored);
}

}  // namespace myelin::tool
