#include "bench/network/raw_epoll.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace myelin::tool::network_bench::raw_epoll {

namespace {

constexpr std::uint64_t kWarmUps = 50;

tl::unexpected<Error> failure(const char* what) {
  return fail(Errc::io_error, fmt::format("{}: {}", what, std::generic_category().message(errno)));
}

/// Owns a descriptor.
class File {
 public:
  explicit File(int number) : number_{number} {}
  File(File&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  File& operator=(File&&) = delete;
  ~File() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const noexcept { return number_; }

 private:
  int number_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A connected socket that epoll watches.
class Wire {
 public:
  explicit Wire(File socket) : socket_{std::move(socket)} {
    const int on = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket_.get(), &event);
  }
  bool send(const std::uint64_t& number) const {
    return ::send(socket_.get(), &number, sizeof number, MSG_NOSIGNAL) == sizeof number;
  }
  /// False when the other side has closed.
  bool receive(std::uint64_t& number) const {
    epoll_event event{};
    for (;;) {
      if (::epoll_wait(epoll_.get(), &event, 1, -1) < 0 && errno != EINTR) return false;
      const ssize_t count = ::recv(socket_.get(), &number, sizeof number, MSG_DONTWAIT);
      if (count == sizeof number) return true;
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      return false;
    }
  }

 private:
  File socket_;
  File epoll_{::epoll_create1(EPOLL_CLOEXEC)};
};

}  // namespace

Result<RoundTrips> round_trips(const PairSetup& setup, const Questions& questions) {
  const auto far = FarProcess::start(setup);
  if (!far) return tl::unexpected{far.error()};
  File socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const sockaddr_in address = loopback(far->port());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return failure("cannot connect");
  }
  const Wire wire{std::move(socket)};
  RoundTrips outcome;
  std::uint64_t number = 0, count = 0;
  const TimePoint end = Clock::now() + questions.time;
  for (TimePoint now = Clock::now(); outcome.latencies.empty() || (now < end && !questions.stop.stop_requested());) {
    const TimePoint asked_at = now;
    if (!wire.send(number) || !wire.receive(number)) return failure("the other process does not answer");
    now = Clock::now();
    if (++count > kWarmUps) outcome.latencies.add(nanoseconds(now - asked_at));
  }
  return outcome;
}

Result<void> serve(std::uint16_t port) {
  const File listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address = loopback(port);
  socklen_t size = sizeof address;
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 1) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return failure("cannot listen");
  }
  // It waits for whoever comes while this one waits for the end, and ends with the process.
  std::thread{[socket = listener.get()] {
    const Wire wire{File{::accept4(socket, nullptr, nullptr, SOCK_CLOEXEC)}};
    for (std::uint64_t number = 0; wire.receive(number) && wire.send(number);) {
    }
  }}.detach();
  say_and_wait(fmt::format("{}", ntohs(address.sin_port)));
  std::_Exit(0);
}

}  // namespace myelin::tool::network_bench::raw_epoll
