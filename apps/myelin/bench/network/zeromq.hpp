/// ZeroMQ's side of `myelin bench network`: threads with sockets. The library is loaded at run time, if it is there.
#pragma once

#include <string_view>

#include "bench/network/sides.hpp"

namespace myelin::tool::network_bench::zeromq {

/// Whether it can be compared with. **Errors**: not_found, which says what to install.
[[nodiscard]] Result<void> load();

[[nodiscard]] Result<double> one_way_ns(std::string_view side, const Stream& stream);
[[nodiscard]] Result<void> serve();

}  // namespace myelin::tool::network_bench::zeromq
