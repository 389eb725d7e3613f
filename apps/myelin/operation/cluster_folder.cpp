#include "operation/cluster_folder.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "myelin/network/certificates.hpp"
#include "node/config_file.hpp"
#include "process/atomic_file.hpp"
#include "process/daemon.hpp"
#include "process/file_lock.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "cluster.json";

nlohmann::json document_in(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return nlohmann::json::parse(std::string{std::istreambuf_iterator<char>{in}, {}}, nullptr, false);
}

Result<void> remove_whole(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return fail(Errc::io_error, fmt::format("cannot delete '{}': {}", path.string(), error.message()));
  return {};
}

}  // namespace

fs::path ClusterFolder::Node::data() const {
  const auto read = read_config({.file = configuration()});
  return read && read->problems.empty() ? fs::path{read->config.data} : folder / "data";
}

pid_t ClusterFolder::Node::running() const {
  const bool is_started = is_running(process, configuration().string());
  const pid_t holder = holder_of(data() / "lock");
  return holder != 0 ? holder : is_started ? process : 0;
}

bool ClusterFolder::Node::is_heard(pid_t by) const {
  std::error_code error;
  return fs::equivalent(fmt::format("/proc/{}/fd/1", by), output(), error) && !error;
}

void ClusterFolder::Node::look() {
  address.clear();
  const pid_t now = running();
  if (now == 0) return;
  process = now;
  if (!is_heard(now)) return;
  const nlohmann::json said = document_in(output());
  if (said.is_object()) address = said.value("address", "");
}

bool ClusterFolder::is_at(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / kFile, ignored);
}

Result<ClusterFolder> ClusterFolder::load(const fs::path& path) {
  const fs::path file = path / kFile;
  if (!is_at(path)) {
    return fail(Errc::not_found,
                fmt::format("no cluster in '{}'; 'myelin cluster up' starts one there", path.string()));
  }
  const auto bad = [&] { return fail(Errc::corrupt_file, fmt::format("'{}' is no list of nodes", file.string())); };
  // Names alone: no path that leads out of the folder.
  const auto is_name = [](const std::string& name) { return network::check_name("node", name) && name[0] != '.'; };
  const nlohmann::json document = document_in(file);
  if (!document.is_object()) return bad();
  ClusterFolder folder{.path = fs::absolute(path).lexically_normal()};
  try {
    folder.cluster = document.at("cluster").get<std::string>();
    folder.files = document.value("files", std::vector<std::string>{});
    for (const auto& entry : document.at("nodes")) {
      Node node{.name = entry.at("name").get<std::string>()};
      if (!is_name(node.name)) return bad();
      node.process = entry.value("process", pid_t{0});
      node.folder = folder.path / node.name;  // wherever the folder is by now
      node.look();
      folder.nodes.push_back(std::move(node));
    }
  } catch (const nlohmann::json::exception&) {
    return bad();
  }
  if (!std::ranges::all_of(folder.files, is_name)) return bad();
  return folder;
}

Result<void> ClusterFolder::save() const {
  nlohmann::json document{{"cluster", cluster}, {"nodes", nlohmann::json::array()}, {"files", files}};
  for (const Node& node : nodes) document["nodes"].push_back({{"name", node.name}, {"process", node.process}});
  return write_file_atomically(path / kFile, document.dump(2) + '\n');
}

Result<std::vector<std::string>> ClusterFolder::remove() const {
  std::vector<fs::path> made;
  for (const Node& node : nodes) made.push_back(node.folder);
  for (const std::string& name : files) made.push_back(path / name);
  // The list last: what fails on the way can be tried again.
  made.insert(made.end(), {certificates(), path / kFile, lock()});
  for (const fs::path& one : made) {
    if (auto removed = remove_whole(one); !removed) return tl::unexpected{removed.error()};
  }
  std::error_code error;
  std::vector<std::string> left;
  for (const fs::directory_entry& entry : fs::directory_iterator{path, error}) {
    left.push_back(entry.path().filename().string());
  }
  std::ranges::sort(left);
  std::error_code unknown;
  if (error || !left.empty() || fs::equivalent(path, fs::current_path(unknown), unknown)) return left;
  fs::remove(path, error);
  if (error) return fail(Errc::io_error, fmt::format("cannot delete '{}': {}", path.string(), error.message()));
  return left;
}

}  // namespace myelin::tool
