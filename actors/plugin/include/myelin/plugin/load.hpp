/// Shared libraries with classes of agents.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/plugin/agent_types.hpp"

namespace myelin::plugin {

struct LoadedPlugin {
  std::string file;
  std::vector<std::string> types;  ///< Their names, in the order of their registration.
};

/// Loads a library that was built with myelin_add_plugin() (or as docs/guide/plugins.md says), and adds its types of
/// agents. It stays loaded until the process ends. Its stamp is read from the file before any of it runs; a library
/// that was built for another Myelin, with another compiler's ABI or other sanitizers is not loaded at all. Then it is
/// loaded in a child process, to see whether its static objects throw or crash: what they do is done twice.
/// **Requires**: this program was linked with myelin_plugin_host(), so that the library finds Myelin in it.
/// **Errors**: not_found; io_error for a file that cannot be read or is cut short; invalid_argument for one that is no
/// library, no plugin, misses symbols, throws or crashes while it is loaded, or has a name that is in use;
/// unsupported_version where the stamp does not fit. Types are added either all or none.
/// **Thread-safety**: one at a time, before `types` is used by others.
[[nodiscard]] Result<LoadedPlugin> load_plugin(const std::filesystem::path& file, AgentTypes& types);

}  // namespace myelin::plugin
