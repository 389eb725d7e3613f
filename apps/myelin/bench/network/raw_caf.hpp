/// Raw CAF's side of `myelin bench network`: actors of two actor systems, over BASP.
#pragma once

#include <string_view>

#include "bench/network/sides.hpp"

namespace myelin::tool::network_bench::raw_caf {

[[nodiscard]] Result<double> one_way_ns(std::string_view side, const Stream& stream);
[[nodiscard]] Result<void> serve();

}  // namespace myelin::tool::network_bench::raw_caf
