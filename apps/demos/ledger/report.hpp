/// What a run of the ledger demo found out, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "demos/ledger/demo.hpp"
#include "terminal/terminal.hpp"

namespace myelin::ledger {

[[nodiscard]] std::string to_text(Findings& found, tool::Style style);

/// {"command", "version", "machine", "complete", "group": {...}, "transfers": {...}, "latency": {...}, "balances":
/// {...}, "validators": [...]}.
[[nodiscard]] nlohmann::json to_json(Findings& found);

}  // namespace myelin::ledger
