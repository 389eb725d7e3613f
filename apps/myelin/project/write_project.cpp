#include "project/write_project.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "process/temporary_folder.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> failed(const char* what, const fs::path& path, const std::error_code& error) {
  return fail(Errc::io_error, fmt::format("cannot {} '{}': {}", what, path.string(), error.message()));
}

Result<void> write_all(const fs::path& folder, std::span<const ProjectFile> files) {
  for (const ProjectFile& file : files) {
    const fs::path path = folder / file.path;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) return failed("make the folder", path.parent_path(), error);
    errno = 0;
    std::ofstream stream{path, std::ios::binary};
    stream << file.text;
    stream.close();
    if (!stream) return failed("write", path, {errno, std::generic_category()});
  }
  return {};
}

/// Whether there is a folder with something in it.
Result<bool> is_occupied(const fs::path& directory) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (!fs::exists(status)) return false;
  if (!fs::is_directory(status)) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is there already, and no folder; name another with --directory", directory.string()));
  }
  const bool empty = fs::is_empty(directory, error);
  if (error) return failed("look into", directory, error);
  return !empty;
}

}  // namespace

Result<void> write_project(const fs::path& directory, std::span<const ProjectFile> files, Existing existing) {
  std::error_code error;
  const fs::path target = fs::absolute(directory, error).lexically_normal();
  if (error) return failed("find", directory, error);
  // "a/b/" has an empty file name.
  const fs::path folder = target.has_filename() ? target : target.parent_path();
  if (!fs::is_directory(folder.parent_path(), error)) {
    return fail(Errc::not_found, fmt::format("there is no folder '{}' to make '{}' in; make it first",
                                             folder.parent_path().string(), folder.filename().string()));
  }
  const Result<bool> occupied = is_occupied(folder);
  if (!occupied) return tl::unexpected{occupied.error()};
  if (*occupied && existing == Existing::refuse) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is not empty; name another folder with --directory, or replace the files of these "
                            "names with --force",
                            directory.string()));
  }

  const Result<TemporaryFolder> beside =
      TemporaryFolder::make_in(folder.parent_path(), '.' + folder.filename().string() + '-');
  if (!beside) return tl::unexpected{beside.error()};
  const fs::path fresh = beside->path() / folder.filename();  // with the permissions of any new folder
  fs::create_directory(fresh, error);
  if (error) return failed("make the folder", fresh, error);
  if (const Result<void> written = write_all(fresh, files); !written) return written;

  if (!*occupied) {
    fs::rename(fresh, folder, error);
    if (error) return failed("make the folder", folder, error);
    return {};
  }
  for (const ProjectFile& file : files) {
    fs::create_directories((folder / file.path).parent_path(), error);
    if (!error) fs::rename(fresh / file.path, folder / file.path, error);
    if (error) return failed("replace", folder / file.path, error);
  }
  return {};
}

}  // namespace myelin::tool
