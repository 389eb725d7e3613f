#include "storage/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace myelin::validator {

WholeFile::WholeFile(std::filesystem::path path, std::string what)
    : path_{std::move(path)}, partial_{path_.string() + ".partial"}, what_{std::move(what)} {}

tl::unexpected<Error> WholeFile::exists() const {
  return fail(Errc::invalid_argument,
              fmt::format("'{}' exists; {} is never overwritten: choose another name", path_.string(), what_));
}

Result<WholeFile> WholeFile::create(const std::filesystem::path& path, std::string what) {
  WholeFile created{path, std::move(what)};
  if (::access(path.c_str(), F_OK) == 0) return created.exists();
  created.file_ = Descriptor{
      ::open(created.partial_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!created.file_.is_open()) return system_failure("create", created.partial_, errno);
  return created;
}

WholeFile::~WholeFile() {
  if (file_.is_open()) ::unlink(partial_.c_str());
}

Result<void> WholeFile::write(std::span<const std::byte> bytes, std::uint64_t offset) const {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("write", partial_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> WholeFile::keep() {
  if (::fsync(file_.number()) != 0) return system_failure("sync", partial_, errno);
  // Not rename(), which would overwrite a file that somebody has made meanwhile.
  if (::link(partial_.c_str(), path_.c_str()) != 0) {
    return errno == EEXIST ? exists() : system_failure("name", path_, errno);
  }
  const std::filesystem::path folder = folder_of(path_);
  const Descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened.is_open() || ::fsync(opened.number()) != 0) return system_failure("sync the folder", folder, errno);
  return {};
}

}  // namespace myelin::validator
