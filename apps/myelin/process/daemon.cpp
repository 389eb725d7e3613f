#include "process/daemon.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace myelin::tool {

namespace {

constexpr std::chrono::milliseconds kLook{5};

}  // namespace

Result<pid_t> start_daemon(const std::vector<std::string>& arguments, const std::filesystem::path& output,
                           const std::filesystem::path& errors) {
  std::vector<std::string> words{"myelin"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  constexpr mode_t kMode = 0644;
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), kFlags, kMode);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), kFlags, kMode);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // This process blocks the signals that it waits for: the other must not begin so.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return fail(Errc::io_error, fmt::format("cannot start another process, with its output in '{}': {}",
                                            output.parent_path().string(), std::generic_category().message(error)));
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

bool end_process(pid_t process, const std::string& argument, int signal, std::chrono::milliseconds limit) {
  if (!is_running(process, argument)) return true;
  ::kill(process, signal);
  for (const auto end = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < end;) {
    if (!is_running(process, argument)) return true;
    std::this_thread::sleep_for(kLook);
  }
  return false;
}

}  // namespace myelin::tool
