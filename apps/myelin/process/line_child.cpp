#include "process/line_child.hpp"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace myelin::tool {

namespace {

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

Result<LineChild> LineChild::start(const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(Errc::io_error, "no socket: " + reason(errno));
  }
  std::vector<std::string> copies = words;
  std::vector<char*> argv;
  for (std::string& word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, argv.front(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    return fail(error == ENOENT ? Errc::not_found : Errc::io_error,
                "cannot start " + words.front() + ": " + reason(error));
  }
  return LineChild{child, ends[0]};
}

LineChild::~LineChild() {
  if (socket_ >= 0) ::close(socket_);
  kill();
}

void LineChild::interrupt() const noexcept {
  if (child_ != 0) ::kill(child_, SIGINT);
}

void LineChild::kill() noexcept {
  if (child_ == 0) return;
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
  child_ = 0;
}

Result<std::string> LineChild::ask(const std::string& line, std::chrono::milliseconds limit) {
  const std::string message = line + '\n';
  for (std::size_t sent = 0; sent < message.size();) {
    const ssize_t count = ::send(socket_, message.data() + sent, message.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Errc::io_error, "the child process has ended: " + reason(errno));
    sent += static_cast<std::size_t>(count);
  }

  auto answer = read_line(limit);
  if (!answer) return fail(answer.error().code, answer.error().message + ": '" + line + "'");
  return answer;
}

Result<std::string> LineChild::read_line(std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + limit;
  for (;;) {
    if (const std::size_t end = unread_.find('\n'); end != std::string::npos) {
      std::string answer = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return answer;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd wait{socket_, POLLIN, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&wait, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return fail(Errc::timeout, "the child process does not answer");
    std::array<char, 4096> chunk{};
    const ssize_t count = ::recv(socket_, chunk.data(), chunk.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(Errc::io_error, "the child process ended instead of answering");
    unread_.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace myelin::tool
