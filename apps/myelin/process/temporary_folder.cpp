#include "process/temporary_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace myelin::tool {

Result<TemporaryFolder> TemporaryFolder::make(const std::string& prefix) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) return fail(Errc::io_error, "no folder for temporary files: " + error.message());
  return make_in(parent, prefix);
}

Result<TemporaryFolder> TemporaryFolder::make_in(const std::filesystem::path& parent, const std::string& prefix) {
  std::string name = (parent / (prefix + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    return fail(Errc::io_error, "cannot make a folder like " + name + ": " + std::generic_category().message(errno));
  }
  return TemporaryFolder{name};
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // What cannot be removed is the system's to clean up.
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace myelin::tool
