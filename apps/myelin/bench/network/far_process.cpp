#include "bench/network/far_process.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>
#include <vector>

namespace myelin::tool {

namespace {

constexpr std::chrono::seconds kStartLimit{30};

}  // namespace

Result<FarProcess> FarProcess::start(std::string_view side, const std::string& credentials) {
  std::vector<std::string> words{"/proc/self/exe", "bench", "network", "--serve", std::string{side}};
  if (!credentials.empty()) words.insert(words.end(), {"--serve-with", credentials});
  const TimePoint began = Clock::now();
  auto child = LineChild::start(words);
  if (!child) return tl::unexpected{child.error()};
  auto address = child->read_line(kStartLimit);
  if (!address) {
    return fail(address.error().code, fmt::format("the other process of {}: {}", side, address.error().message));
  }
  return FarProcess{*std::move(child), *std::move(address), Clock::now() - began};
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
