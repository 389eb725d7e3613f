/// A shared library's file, looked at without loading it.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"

namespace myelin::plugin {

/// The bytes of a section; empty where the library has none of that name. The file is whole: everything that would be
/// mapped is there, so that loading it cannot fault on what is missing.
/// **Errors**: not_found; io_error for a file that cannot be read or is cut short; invalid_argument for one that is no
/// shared library for this kind of machine.
[[nodiscard]] Result<std::vector<char>> section_of(const std::filesystem::path& file, std::string_view section);

}  // namespace myelin::plugin
