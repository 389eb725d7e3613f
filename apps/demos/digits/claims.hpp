/// The figures that this project's origin claims, beside what a run measured.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "demos/digits/demo.hpp"

namespace myelin::digits {

struct Claim {
  std::string key;       ///< For machines: "inference_p99_ns".
  std::string what;      ///< What was measured, for people; says how.
  std::string claimed;   ///< "< 80 ms"
  std::string measured;  ///< "3.21 ms"
  double claimed_value = 0;
  double measured_value = 0;  ///< In the same unit.
  bool less_is_better = true;

  /// How many times better than claimed; below 1 is worse.
  [[nodiscard]] double ratio() const;
};

[[nodiscard]] std::vector<Claim> compare_with_claims(Findings& findings);

void to_json(nlohmann::json& json, const Claim& claim);

}  // namespace myelin::digits
