/// The templates of `myelin new agent`, which travel inside the tool.
#pragma once

#include <span>
#include <string_view>

namespace myelin::tool {

struct AgentTemplate {
  std::string_view path;  ///< With placeholders, as the text: see expand_template().
  std::string_view text;
};

extern const std::span<const AgentTemplate> kAgentTemplates;

}  // namespace myelin::tool
