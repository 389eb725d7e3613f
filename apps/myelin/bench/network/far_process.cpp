#include "bench/network/far_process.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <vector>

#include "process/child.hpp"

namespace myelin::tool {

namespace {

constexpr std::chrono::seconds kStartLimit{30};

}  // namespace

Result<FarProcess> FarProcess::start(const PairSetup& setup, std::uint16_t port) {
  std::vector<std::string> words{
      own_executable().string(), "bench", "network", "--serve", std::string{setup.side}, "--serve-port",
      fmt::format("{}", port)};
  if (!setup.far_credentials.empty()) words.insert(words.end(), {"--serve-with", setup.far_credentials});
  const TimePoint began = Clock::now();
  auto child = LineChild::start(words);
  if (!child) return tl::unexpected{child.error()};
  auto address = child->read_line(kStartLimit);
  if (!address) {
    return fail(address.error().code, fmt::format("the other process of {}: {}", setup.side, address.error().message));
  }
  return FarProcess{*std::move(child), *std::move(address), Clock::now() - began};
}

std::uint16_t FarProcess::port() const noexcept {
  std::uint16_t port = 0;
  const std::size_t colon = address_.rfind(':');
  const char* const begin = address_.data() + (colon == std::string::npos ? 0 : colon + 1);
  std::from_chars(begin, address_.data() + address_.size(), port);
  return port;
}

void FarProcess::halt() noexcept {
  ::kill(child_.id(), SIGSTOP);
  ::waitpid(child_.id(), nullptr, WUNTRACED);
}

void say_and_wait(std::string_view address) {
  fmt::print("{}\n", address);
  std::fflush(stdout);
  char byte = 0;
  for (;;) {
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count == 0 || (count < 0 && errno != EINTR)) return;
  }
}

}  // namespace myelin::tool
