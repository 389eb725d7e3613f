#include "loading/trial.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string>

namespace myelin::plugin {

namespace {

constexpr int kThrew = 3;

int reasons_pipe = -1;  // in the child only

/// Ends the child with what was thrown.
[[noreturn]] void tell_and_end() {
  const char* what = "something that is no std::exception";
  const std::exception_ptr thrown = std::current_exception();
  try {
    if (thrown != nullptr) std::rethrow_exception(thrown);
    what = "nothing: it called std::terminate()";
  } catch (const std::exception& error) {
    what = error.what();
    // Written here, while the exception lives.
    static_cast<void>(!::write(reasons_pipe, what, std::strlen(what)));
    ::_exit(kThrew);
  } catch (...) {
    what = "something that is no std::exception";
  }
  static_cast<void>(!::write(reasons_pipe, what, std::strlen(what)));
  ::_exit(kThrew);
}

/// noexcept: some loaders, and those of sanitizers, do let an exception through, which must not get any further.
[[noreturn]] void load_and_end(const std::filesystem::path& file, int pipe) noexcept {
  reasons_pipe = pipe;
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(number, SIG_DFL);
  std::set_terminate(&tell_and_end);
  static_cast<void>(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL));
  ::_exit(0);
}

}  // namespace

Result<void> try_loading(const std::filesystem::path& file) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(Errc::io_error, fmt::format("no pipe for a trial of '{}': {}", file.string(), std::strerror(errno)));
  }
  const pid_t child = ::fork();
  if (child == 0) load_and_end(file, ends[1]);
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return fail(Errc::io_error, fmt::format("no process for a trial of '{}': {}", file.string(), std::strerror(errno)));
  }
  std::string reason;
  std::array<char, 1024> chunk{};
  for (;;) {
    const ssize_t count = ::read(ends[0], chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    if (reason.size() < chunk.size()) reason.append(chunk.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFEXITED(status) && WEXITSTATUS(status) == kThrew) {
    return fail(Errc::invalid_argument, fmt::format("'{}' threw while it was loaded: {}", file.string(), reason));
  }
  return fail(Errc::invalid_argument,
              fmt::format("'{}' crashed while it was loaded, in a static object of its own: {}", file.string(),
                          WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status))
                                              : fmt::format("it ended with status {}", WEXITSTATUS(status)).c_str()));
}

}  // namespace myelin::plugin
