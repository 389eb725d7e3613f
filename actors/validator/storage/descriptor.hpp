/// An open file of the operating system.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "myelin/base/result.hpp"

namespace myelin::validator {

/// Closes the file at its end.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_{number} {}
  Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_ = -1;
};

/// "cannot write 'data/log': No space left on device". `error`: errno as it was.
[[nodiscard]] inline tl::unexpected<Error> system_failure(std::string_view operation, const std::filesystem::path& path,
                                                          int error) {
  return fail(error == ENOENT ? Errc::not_found : Errc::io_error,
              fmt::format("cannot {} '{}': {}", operation, path.string(), std::generic_category().message(error)));
}

/// The folder that holds a file.
[[nodiscard]] inline std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

}  // namespace myelin::validator
