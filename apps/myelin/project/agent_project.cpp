#include "project/agent_project.hpp"

#include <fmt/format.h>

#include <utility>

#include "project/agent_templates.hpp"

namespace myelin::tool {

std::string expand_template(std::string_view text, const AgentProject& project) {
  const std::pair<std::string_view, std::string> values[] = {
      {"@name@", project.name.snake},
      {"@Name@", project.name.camel},
      {"@schema_id@", fmt::format("{:#018x}", project.schema_id)},
      {"@myelin_version@", project.myelin_version},
  };
  std::string expanded;
  while (!text.empty()) {
    const std::size_t at = text.find('@');
    expanded += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at);
    std::size_t taken = 1;
    std::string_view put = "@";
    for (const auto& [placeholder, value] : values) {
      if (text.starts_with(placeholder)) {
        taken = placeholder.size();
        put = value;
      }
    }
    expanded += put;
    text.remove_prefix(taken);
  }
  return expanded;
}

std::vector<ProjectFile> agent_project_files(const AgentProject& project) {
  std::vector<ProjectFile> files;
  for (const AgentTemplate& file : kAgentTemplates) {
    files.push_back({expand_template(file.path, project), expand_template(file.text, project)});
  }
  return files;
}

}  // namespace myelin::tool
