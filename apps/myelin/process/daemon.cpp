#include "process/daemon.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/child.hpp"

namespace myelin::tool {

Result<pid_t> start_daemon(const std::vector<std::string>& arguments, const DaemonFiles& files) {
  std::vector<std::string> words{"myelin"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  constexpr mode_t kMode = 0644;
  constexpr const char* kNowhere = "/dev/null";
  const auto write_to = [&](int descriptor, const std::filesystem::path& file) {
    posix_spawn_file_actions_addopen(&actions, descriptor, file.empty() ? kNowhere : file.c_str(), kFlags, kMode);
  };
  if (files.input < 0) {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, kNowhere, O_RDONLY, 0);
  } else {
    posix_spawn_file_actions_adddup2(&actions, files.input, STDIN_FILENO);
  }
  write_to(STDOUT_FILENO, files.output);
  write_to(STDERR_FILENO, files.errors);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // This process blocks the signals that it waits for: the other must not begin so.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, own_executable().c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return fail(Errc::io_error,
                fmt::format("cannot start another process, with its output in '{}': {}",
                            files.output.parent_path().string(), std::generic_category().message(error)));
  }
  return child;
}

bool is_running(pid_t process, const std::string& argument) {
  if (process <= 0) return false;
  ::waitpid(process, nullptr, WNOHANG);  // if it is a child of ours that has ended, it would be there yet
  std::ifstream file{fmt::format("/proc/{}/cmdline", process), std::ios::binary};
  const std::string line{std::istreambuf_iterator<char>{file}, {}};
  return ('\0' + line).find('\0' + argument + '\0') != std::string::npos;
}

}  // namespace myelin::tool
