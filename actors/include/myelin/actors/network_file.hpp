/// Networks in files. The format is in docs/wire_format.md, "Network files".
#pragma once

#include <filesystem>

#include "myelin/base/result.hpp"
#include "myelin/kernels/network.hpp"

namespace myelin {

/// Writes the network. The file appears whole or not at all: it is written beside its place, synced, and renamed.
/// **Errors**: io_error, naming the path and the system's reason.
[[nodiscard]] Result<void> save_network(const kernels::Network& network, const std::filesystem::path& path);

/// Reads a network that save_network() wrote.
/// **Errors**: not_found, io_error; corrupt_file (not a network file, truncated, checksum, impossible shapes);
/// unsupported_version. Each names the path.
[[nodiscard]] Result<kernels::Network> load_network(const std::filesystem::path& path);

}  // namespace myelin
