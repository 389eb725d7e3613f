/// A library loaded in a child process first, where it does no harm.
#pragma once

#include <filesystem>

#include "myelin/base/result.hpp"

namespace myelin::plugin {

/// Whether the library's static objects can be made. What one of them throws cannot be caught where the library is
/// loaded, for the system's loader lets no exception through; and it may crash as well.
/// **Errors**: invalid_argument, with what was thrown, or the signal. That it cannot be loaded at all is no error here.
[[nodiscard]] Result<void> try_loading(const std::filesystem::path& file);

}  // namespace myelin::plugin
