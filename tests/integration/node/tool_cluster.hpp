/// A cluster that `myelin cluster up` has started, for one test.
#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "../program.hpp"
#include "temporary_directory.hpp"

namespace myelin::test {

/// Three nodes with the plugin; ended however the test does. **Thread-safety**: thread-compatible.
class ToolCluster {
 public:
  explicit ToolCluster(const std::string& nodes = "3") {
    up_ = must({"cluster", "up", "--nodes", nodes, "--plugins", MYELIN_PLUGIN});
  }
  ToolCluster(const ToolCluster&) = delete;
  ToolCluster& operator=(const ToolCluster&) = delete;
  ~ToolCluster() { static_cast<void>(tool({"cluster", "down"})); }

  [[nodiscard]] const nlohmann::json& up() const { return up_; }
  /// Of a node, by its place.
  [[nodiscard]] pid_t process(std::size_t node) const { return up_["nodes"][node]["process"].get<pid_t>(); }
  /// Runs the tool on this cluster.
  [[nodiscard]] Outcome tool(std::vector<std::string> words) const {
    words.insert(words.end(), {"--dir", path()});
    return run(words);
  }
  /// The same with --json, where it must succeed.
  [[nodiscard]] nlohmann::json must(std::vector<std::string> words) const {
    words.push_back("--json");
    const Outcome outcome = tool(words);
    BOOST_REQUIRE_MESSAGE(outcome.status == 0, words[0] + " " + words[1] + ": " + outcome.err);
    return nlohmann::json::parse(outcome.out);
  }
  [[nodiscard]] std::string path() const { return path_; }
  /// Moves the folder, as `mv` does.
  void move() {
    const std::string other = (folder_.path() / "moved").string();
    std::filesystem::rename(path_, other);
    path_ = other;
  }

  /// Until each node that runs sees so many.
  void wait_whole(std::size_t nodes) const {
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};;) {
      std::size_t whole = 0;
      const nlohmann::json status = must({"cluster", "status"});
      for (const nlohmann::json& node : status["nodes"]) whole += node.value("sees_up", 0U) == nodes ? 1 : 0;
      if (whole == nodes) return;
      BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, "the cluster did not become whole");
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  }

 private:
  TemporaryDirectory folder_;
  std::string path_ = (folder_.path() / "cluster").string();
  nlohmann::json up_;
};

/// Whether what it wrote to stderr has the part.
inline bool mentions(const Outcome& outcome, const std::string& part) {
  return outcome.err.find(part) != std::string::npos;
}

/// Whether it runs, and is no child that has ended and was not waited for.
inline bool runs(pid_t process) {
  const std::string status = content_of("/proc/" + std::to_string(process) + "/stat");
  const std::size_t name_end = status.rfind(')');
  return name_end != std::string::npos && status[name_end + 2] != 'Z';
}

}  // namespace myelin::test
