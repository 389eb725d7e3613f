#include "process/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
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
    while (!content.empty()) {
      const ssize_t written = ::write(descriptor_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      content.remove_prefix(static_cast<std::size_t>(written));
    }
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
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  TemporaryFile file{path};
  if (!file.is_open()) return failed("create a file beside", path, errno);
  if (!file.write(content)) return failed("write", path, errno);
  if (!file.rename_to(path)) return failed("replace", path, errno);
  flush_directory_of(path);
  return {};
}

Result<void> check_can_write(std::string_view option, const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(Errc::io_error, fmt::format("{} '{}' is a directory; name a file in it", option, path.string()));
  }
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
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

}  // namespace myelin::tool
