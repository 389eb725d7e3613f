/// A run's findings as text and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "demos/digits/demo.hpp"
#include "terminal/terminal.hpp"

namespace myelin::digits {

/// **Cost**: sorts the latencies, and so takes the findings to change.
[[nodiscard]] std::string to_text(Findings& findings, tool::Style style);
[[nodiscard]] nlohmann::json to_json(Findings& findings);

}  // namespace myelin::digits
