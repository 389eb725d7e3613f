#include "operation/cluster_folder.hpp"

#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "process/atomic_file.hpp"

namespace myelin::tool {

namespace {

constexpr const char* kFile = "cluster.json";

}  // namespace

Result<ClusterFolder> ClusterFolder::load(const std::filesystem::path& path) {
  const std::filesystem::path file = path / kFile;
  std::ifstream in{file};
  if (!in) {
    return fail(Errc::not_found,
                fmt::format("no cluster in '{}'; 'myelin cluster up' starts one there", path.string()));
  }
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const auto bad = [&] { return fail(Errc::corrupt_file, fmt::format("'{}' is no list of nodes", file.string())); };
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("nodes") || !document["nodes"].is_array()) return bad();
  ClusterFolder folder;
  folder.path = path;
  try {
    folder.cluster = document.at("cluster").get<std::string>();
    for (const auto& node : document["nodes"]) {
      folder.nodes.push_back({node.at("name").get<std::string>(), node.at("address").get<std::string>(),
                              node.at("process").get<pid_t>(), node.at("folder").get<std::string>()});
    }
  } catch (const nlohmann::json::exception&) {
    return bad();
  }
  return folder;
}

Result<void> ClusterFolder::save() const {
  nlohmann::json document{{"cluster", cluster}, {"nodes", nlohmann::json::array()}};
  for (const Node& node : nodes) {
    document["nodes"].push_back(
        {{"name", node.name}, {"address", node.address}, {"process", node.process}, {"folder", node.folder}});
  }
  return write_file_atomically(path / kFile, document.dump(2) + '\n');
}

}  // namespace myelin::tool
