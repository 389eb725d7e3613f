#include "commands/new_agent.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "cli/version.hpp"
#include "project/agent_project.hpp"
#include "project/write_project.hpp"

namespace myelin::tool {

namespace {

std::string problem_with_name(const std::string& name) {
  const Result<AgentName> parsed = parse_agent_name(name);
  return parsed ? std::string{} : parsed.error().message;
}

/// "0.1" of "0.1.0": before 1.0, each minor version may break its users.
std::string minor_version() {
  const std::string version = version_number();
  return version.substr(0, version.rfind('.'));
}

std::uint64_t random_bits() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

void NewAgent::declare(CLI::App& app) {
  app.add_option("name", name_, "The agent's name: PriceFeed and price_feed are the same")
      ->required()
      ->check(CLI::Validator(&problem_with_name, ""))
      ->type_name("NAME");
  app.add_option("--directory", directory_, "The folder to make; without it, one called like the agent, here")
      ->type_name("DIR");
  app.add_flag("--force", force_, "Write into a folder that is not empty: replaces files of the same names only");
  app.footer(
      "Writes CMakeLists.txt, the messages (.capnp), the agent, main.cpp, a test with the test kit, and a README\n"
      "with the commands. It builds against an installed Myelin: 'scripts/build release myelin_package', then\n"
      "'cmake --install build/release --prefix PREFIX'. A project for a plugin: docs/guide/plugins.md.\n\n"
      "Examples:\n"
      "  myelin new agent PriceFeed                   # makes price_feed/\n"
      "  myelin new agent price_feed --directory prices\n"
      "  myelin new agent PriceFeed --json            # which files were written");
}

Result<void> NewAgent::run(Session& session) {
  const Result<AgentName> name = parse_agent_name(name_);
  if (!name) return tl::unexpected{name.error()};
  const std::string directory = directory_.empty() ? name->snake : directory_;
  const AgentProject project{*name, fresh_schema_id(random_bits()), minor_version()};
  const std::vector<ProjectFile> files = agent_project_files(project);
  const Result<void> written = write_project(directory, files, force_ ? Existing::replace : Existing::refuse);
  if (!written) return written;

  if (session.json) {
    nlohmann::json document{{"command", path()},
                            {"name", name->snake},
                            {"class", name->camel},
                            {"directory", directory},
                            {"schema_id", fmt::format("{:#018x}", project.schema_id)},
                            {"files", nlohmann::json::array()}};
    for (const ProjectFile& file : files) document["files"].push_back(file.path);
    session.print_json(document);
    return {};
  }
  std::string text = fmt::format("{}/\n", directory);
  for (const ProjectFile& file : files) text += fmt::format("  {}\n", file.path);
  text += fmt::format(
      "\nNext:\n"
      "  cd {}\n"
      "  cmake -B build && cmake --build build           # -D CMAKE_PREFIX_PATH=... where Myelin is not in /usr\n"
      "  ctest --test-dir build --output-on-failure\n"
      "  build/{}\n",
      directory, name->snake);
  session.print_text(text);
  return {};
}

}  // namespace myelin::tool
