#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <sys/socket.h>

#include "transport.hpp"

namespace myelin::network {

namespace {

/// Pieces that are gathered at once.
constexpr std::size_t kGatheredMax = 128;

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int socket) : socket_{socket} {}

  Result<Progress> set_up() override { return Progress::done; }
  std::optional<Identity> identity() const override { return std::nullopt; }

  Result<std::size_t> read(const Room& room) override {
    std::array<iovec, 2> pieces{{{room[0].data(), room[0].size()}, {room[1].data(), room[1].size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = room[1].empty() ? 1 : 2;
    for (;;) {
      const ssize_t count = ::recvmsg(socket_, &message, MSG_DONTWAIT);
      if (count > 0) return static_cast<std::size_t>(count);
      if (count == 0) return fail(Errc::unreachable, "the other side has closed the connection");
      if (errno == EAGAIN) return std::size_t{0};
      if (errno != EINTR) return fail(Errc::unreachable, text_of_errno(errno));
    }
  }

  bool reads_ahead() const noexcept override { return false; }

  Result<bool> write(Burst& burst) override {
    std::array<iovec, kGatheredMax> pieces;
    while (!burst.empty()) {
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = burst.gather(pieces);
      const ssize_t count = ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count >= 0) {
        burst.take(static_cast<std::size_t>(count));
      } else if (errno == EAGAIN) {
        return false;
      } else if (errno != EINTR) {
        return fail(Errc::unreachable, text_of_errno(errno));
      }
    }
    return true;
  }

 private:
  const int socket_;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int socket) { return std::make_unique<PlainTransport>(socket); }

std::string text_of_errno(int number) { return fmt::format("{} ({})", std::system_category().message(number), number); }

}  // namespace myelin::network
