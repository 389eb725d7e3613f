#include "include_rules.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>

namespace myelin::house {

namespace fs = std::filesystem;

namespace {

struct IncludePrefix {
  std::string_view prefix;
  std::string_view library;
};

// The first that fits counts.
constexpr auto kIncludePrefixes = std::to_array<IncludePrefix>({
    {"myelin/base/", "base"},
    {"myelin/serialization/", "serialization"},
    {"myelin/schema/", "serialization"},
    {"myelin/kernels/", "kernels"},
    {"myelin/actors/", "actors"},
    {"myelin/plugin/", "plugin"},
    {"myelin/testkit/", "testkit"},
    {"myelin/validator/", "validator"},
    {"myelin/memory/", "memory"},
    {"myelin/network/", "network"},
    {"myelin/cluster/", "cluster"},
    {"myelin/operation/", "operation"},
    {"myelin/consensus/", "consensus"},
    {"tl/", "expected"},
    {"fmt/", "fmt"},
    {"spdlog/", "spdlog"},
    {"capnp/", "capnp"},
    {"kj/", "capnp"},
    {"caf/", "caf"},
    {"hwy/", "hwy"},
    {"CL/", "opencl"},
    {"clblast", "opencl"},
    {"sodium", "sodium"},
    {"lmdb", "lmdb"},
    {"openssl/", "openssl"},
    {"cblas", "blas"},
    {"openblas", "blas"},
    {"oneapi/dnnl/", "onednn"},
    {"zmq.h", "zeromq"},
    {"CLI/", "cli11"},
    {"nlohmann/", "json"},
    {"toml++/", "toml"},
    {"zlib.h", "zlib"},
    {"mimalloc", "mimalloc"},
    {"sys/", "posix"},
    {"arpa/", "posix"},
    {"netinet/", "posix"},
    {"linux/", "posix"},
});

constexpr auto kPosixHeaders = std::to_array<std::string_view>(
    {"cxxabi.h", "dirent.h", "dlfcn.h", "elf.h", "fcntl.h", "netdb.h", "poll.h", "pthread.h", "pwd.h", "sched.h",
     "signal.h", "spawn.h", "termios.h", "time.h", "unistd.h"});

struct Include {
  std::string name;
  bool quoted = false;
};

// Reads `#include <name>` or `#include "name"`, with spaces wherever the preprocessor takes them.
std::optional<Include> parse_include(std::string_view line) {
  const auto skip = [&line](std::string_view token) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with(token)) return false;
    line.remove_prefix(token.size());
    return true;
  };
  if (!skip("#") || !skip("include")) return std::nullopt;
  const bool quoted = skip("\"");
  if (!quoted && !skip("<")) return std::nullopt;
  const auto end = line.find(quoted ? '"' : '>');
  if (end == std::string_view::npos) return std::nullopt;
  return Include{std::string(line.substr(0, end)), quoted};
}

bool is_source(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".cpp" || extension == ".hpp" || extension == ".h" || extension == ".inl";
}

bool is_within(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

const FolderRule* rule_for(std::string_view path) {
  const FolderRule* longest = nullptr;
  for (const FolderRule& rule : folder_rules()) {
    if (is_within(path, rule.folder) && (!longest || rule.folder.size() > longest->folder.size())) longest = &rule;
  }
  return longest;
}

// The file of the tree that a quoted include names, relative to the root; empty where there is none. Private headers
// are looked up from the folders above the including file, and from the tool's, which the demos share.
std::string file_of(const fs::path& root, const std::string& file, const std::string& include) {
  std::vector<fs::path> from = {"apps/myelin"};
  for (fs::path folder = file; !folder.empty();) {
    folder = folder.parent_path();
    from.push_back(folder);
    from.push_back(folder / "src");
  }
  for (const fs::path& folder : from) {
    const fs::path candidate = (folder / include).lexically_normal();
    if (fs::is_regular_file(root / candidate)) return candidate.generic_string();
  }
  return {};
}

// Why `file` must not have `include`; empty where it may.
std::string objection(const fs::path& root, const std::string& file, const FolderRule& rule, const Include& include) {
  const std::string_view library = library_of(include.name);
  if (library == "std" || library == rule.layer) return {};
  if (!library.empty()) {
    if (std::ranges::find(rule.libraries, library) != rule.libraries.end()) return {};
    return "files in " + std::string(rule.folder) + "/ may not include " + std::string(library);
  }
  if (include.quoted) {
    const std::string target = file_of(root, file, include.name);
    if (const FolderRule* owner = rule_for(target); owner && owner->layer == rule.layer) return {};
    if (!target.empty()) return "a private header of another layer: " + target;
  }
  if (include.name.ends_with(".capnp.h")) {  // Made in the build folder from a schema of the same layer.
    if (rule.layer != "base" && rule.layer != "kernels") return {};
    return "files in " + std::string(rule.folder) + "/ may not include capnp";
  }
  return "no such library is known: add it to the tables in tests/unit/house/include_rules.cpp";
}

template <class Visit>
void for_each_file(const fs::path& root, Visit visit) {
  std::vector<fs::path> files;
  for (const char* top : {"serialization", "kernels", "actors", "apps", "examples"}) {
    if (!fs::is_directory(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) visit(file, file.lexically_relative(root).generic_string());
}

}  // namespace

const std::vector<FolderRule>& folder_rules() {
  static const std::vector<FolderRule> rules = {
      {"serialization/base", "base", {"expected"}},
      {"serialization", "serialization", {"base", "expected", "fmt", "capnp"}},
      {"serialization/src", "serialization", {"base", "expected", "fmt", "capnp", "json"}},
      {"kernels", "kernels", {"base", "expected", "fmt"}},
      {"kernels/cpu", "kernels", {"base", "expected", "fmt", "hwy"}},
      {"kernels/memory", "kernels", {"base", "expected", "fmt", "posix"}},
      {"kernels/threads", "kernels", {"base", "expected", "fmt", "posix"}},
      {"kernels/gpu", "kernels", {"base", "expected", "fmt", "opencl", "posix"}},
      {"actors",
       "actors",
       {"base", "serialization", "kernels", "consensus", "expected", "fmt", "capnp", "caf", "openssl", "posix",
        "zlib"}},
      // The core of the consensus group is pure: no CAF, socket, disk, clock or source of randomness. banned_words()
      // has what is banned of the standard library.
      {"actors/consensus", "consensus", {"base", "serialization", "kernels", "expected", "fmt", "capnp", "sodium"}},
      // The test kit stands on the actors' public headers, and knows neither CAF nor a test framework.
      {"actors/testkit", "testkit", {"base", "serialization", "actors", "expected", "fmt", "capnp"}},
      // What makes a consensus group of the core: disks, keys, and agents; CAF stays behind the actors' headers.
      {"actors/validator",
       "validator",
       {"base", "serialization", "consensus", "actors", "network", "expected", "fmt", "capnp", "sodium", "posix"}},
      {"actors/validator/storage", "validator", {"base", "consensus", "expected", "fmt", "sodium", "lmdb", "posix"}},
      {"actors/validator/membership", "validator", {"base", "consensus", "expected", "fmt", "sodium", "toml", "posix"}},
      // Agents started by the name of their type, also those of shared libraries.
      {"actors/plugin", "plugin", {"base", "serialization", "actors", "expected", "fmt", "capnp", "posix"}},
      // Connections to other processes: on CAF's multiplexer, under OpenSSL.
      {"actors/network",
       "network",
       {"base", "serialization", "actors", "expected", "fmt", "capnp", "caf", "openssl", "posix"}},
      // Who is in the cluster, and where its agents are.
      {"actors/cluster", "cluster", {"base", "serialization", "actors", "network", "expected", "fmt", "capnp"}},
      // What operators ask of a node.
      {"actors/operation",
       "operation",
       {"base", "serialization", "actors", "plugin", "network", "cluster", "expected", "fmt", "capnp", "posix"}},
      // What agents say to such a group, and what carries it there.
      {"actors/memory",
       "memory",
       {"base", "serialization", "consensus", "actors", "validator", "expected", "fmt", "capnp"}},
      {"apps", "apps", {"base",   "serialization", "kernels", "consensus", "actors",   "plugin",   "validator",
                        "memory", "network",       "cluster", "operation", "expected", "fmt",      "spdlog",
                        "capnp",  "cli11",         "json",    "toml",      "zlib",     "mimalloc", "posix"}},
      // Only here, to compare with the bare libraries.
      {"apps/myelin/bench", "apps", {"base",   "serialization", "kernels",  "consensus", "actors",   "validator",
                                     "memory", "network",       "expected", "fmt",       "spdlog",   "capnp",
                                     "cli11",  "json",          "toml",     "zlib",      "mimalloc", "posix",
                                     "caf",    "blas",          "onednn",   "zeromq",    "sodium"}},
      {"examples",
       "examples",
       {"base", "serialization", "kernels", "actors", "plugin", "validator", "memory", "network", "cluster", "testkit",
        "expected", "fmt", "capnp"}},
      // Shows a kernel written outside the library.
      {"examples/own_kernel", "examples", {"base", "kernels", "expected", "hwy"}},
      // Shows plain CAF actors beside agents.
      {"examples/caf_interop",
       "examples",
       {"base", "serialization", "kernels", "actors", "testkit", "expected", "fmt", "capnp", "caf"}},
  };
  return rules;
}

std::string_view library_of(std::string_view include) {
  for (const auto& [prefix, library] : kIncludePrefixes) {
    if (include.starts_with(prefix)) return library;
  }
  if (std::ranges::find(kPosixHeaders, include) != kPosixHeaders.end()) return "posix";
  // The standard library's headers are single words; <immintrin.h> and its like are the compiler's, and not portable.
  const bool is_word = include.find_first_of("./") == std::string_view::npos;
  return is_word ? "std" : "";
}

std::vector<Violation> check_includes(const fs::path& root, int* files) {
  std::vector<Violation> violations;
  if (files) *files = 0;
  for_each_file(root, [&](const fs::path& path, const std::string& file) {
    const FolderRule* rule = rule_for(file);
    if (!rule || !is_source(path)) return;
    if (files) ++*files;
    std::ifstream stream(path);
    std::string text;
    for (int line = 1; std::getline(stream, text); ++line) {
      const auto include = parse_include(text);
      if (!include) continue;
      std::string reason = objection(root, file, *rule, *include);
      if (!reason.empty()) violations.push_back({file, line, include->name, std::move(reason)});
    }
  });
  return violations;
}

std::vector<std::string> find_unbuilt_sources(const fs::path& root) {
  std::vector<std::pair<fs::path, std::string>> lists;  // the folder of each CMakeLists.txt, and its text
  for_each_file(root, [&](const fs::path& path, const std::string&) {
    if (path.filename() != "CMakeLists.txt") return;
    std::ifstream stream(path);
    lists.emplace_back(path.parent_path(), std::string{std::istreambuf_iterator<char>(stream), {}});
  });
  std::vector<std::string> unbuilt;
  for_each_file(root, [&](const fs::path& path, const std::string& file) {
    if (path.extension() != ".cpp") return;
    const bool is_built = std::ranges::any_of(lists, [&](const auto& list) {
      return list.second.find(path.lexically_relative(list.first).generic_string()) != std::string::npos;
    });
    if (!is_built) unbuilt.push_back(file);
  });
  return unbuilt;
}

}  // namespace myelin::house
