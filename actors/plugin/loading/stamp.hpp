/// Whether a plugin's stamp fits this program.
#pragma once

#include <filesystem>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/plugin/stamp.hpp"

namespace myelin::plugin {

/// The stamps in the section's bytes. **Errors**: unsupported_version for one that is not of this size;
/// invalid_argument for what is no stamp.
[[nodiscard]] Result<std::vector<Stamp>> stamps_in(const std::vector<char>& section, const std::string& file);

/// **Errors**: unsupported_version, which says what differs.
[[nodiscard]] Result<void> check_stamp(const Stamp& given, const Stamp& wanted, const std::string& file);

}  // namespace myelin::plugin
