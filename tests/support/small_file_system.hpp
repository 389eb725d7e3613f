/// A file system of a few hundred kilobytes, to be filled up.
#pragma once

#include <sys/mount.h>

#include <filesystem>
#include <string>

#include "temporary_directory.hpp"

namespace myelin::test {

/// A tmpfs of its own, where the system lets us mount one: as root, mostly.
class SmallFileSystem {
 public:
  explicit SmallFileSystem(std::size_t kilobytes) {
    is_mounted_ = ::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, size_option(kilobytes).c_str()) == 0;
  }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  ~SmallFileSystem() {
    if (is_mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }

  [[nodiscard]] bool is_mounted() const noexcept { return is_mounted_; }
  [[nodiscard]] bool resize(std::size_t kilobytes) const {
    return ::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_REMOUNT, size_option(kilobytes).c_str()) == 0;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }

 private:
  static std::string size_option(std::size_t kilobytes) { return "size=" + std::to_string(kilobytes) + "k"; }

  TemporaryDirectory folder_;
  bool is_mounted_ = false;
};

}  // namespace myelin::test
