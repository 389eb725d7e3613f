#include "process/heir.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "process/daemon.hpp"

namespace myelin::tool {

Result<Heir> Heir::appoint(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(Errc::io_error, "no pipe: " + std::generic_category().message(errno));
  }
  const auto process = start_daemon(arguments, {.input = ends[0]});
  ::close(ends[0]);
  if (!process) {
    ::close(ends[1]);
    return tl::unexpected{process.error()};
  }
  return Heir{*process, ends[1]};
}

Heir::~Heir() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  ::close(input_);
}

}  // namespace myelin::tool
