/// What a campaign found, as text and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/campaign.hpp"
#include "cli/options.hpp"

namespace myelin::sim {

[[nodiscard]] std::string to_text(const CampaignReport& report, const Options& options);
[[nodiscard]] nlohmann::json to_json(const CampaignReport& report, const Options& options);

}  // namespace myelin::sim
