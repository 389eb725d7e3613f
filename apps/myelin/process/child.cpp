#include "process/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace myelin::tool {

namespace {

/// Reads until the writer closes its end, and closes ours.
std::string drain(int descriptor) {
  std::string text;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t count = ::read(descriptor, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  ::close(descriptor);
  return text;
}

std::string reason(int error) { return std::generic_category().message(error); }

/// `file` is looked for in PATH unless it has a slash.
Result<std::string> run(const char* file, std::vector<std::string> words) {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return fail(Errc::io_error, "no pipe: " + reason(errno));

  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, file, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  std::string text = drain(pipe_ends[0]);
  if (error != 0) {
    return fail(error == ENOENT ? Errc::not_found : Errc::io_error,
                fmt::format("cannot run {}: {}", words.front(), reason(error)));
  }

  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(Errc::io_error, fmt::format("'{}' failed with status {}", fmt::join(words, " "), status));
  }
  return text;
}

}  // namespace

std::filesystem::path own_executable() {
  constexpr const char* kSelf = "/proc/self/exe";
  std::error_code error;
  const std::filesystem::path file = std::filesystem::read_symlink(kSelf, error);
  return !error && std::filesystem::equivalent(file, kSelf, error) ? file : kSelf;
}

Result<std::string> run_self(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"myelin"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run(own_executable().c_str(), std::move(words));
}

Result<std::string> run_program(const std::vector<std::string>& words) { return run(words.front().c_str(), words); }

}  // namespace myelin::tool
