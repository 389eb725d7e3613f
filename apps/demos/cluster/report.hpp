/// What the cluster demo says at its end.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "demos/cluster/demo.hpp"

namespace myelin::reading {

[[nodiscard]] std::string to_text(const Findings& found);
[[nodiscard]] nlohmann::json to_json(const Findings& found);

}  // namespace myelin::reading
