/// A man in the middle: passes connections on to a node, and while he is told to damages each a little.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <list>
#include <random>
#include <string>
#include <thread>

#include "expect_success.hpp"
#include "transport/address.hpp"

namespace myelin::test {

/// **Thread-safety**: thread-safe.
class DamagingProxy {
 public:
  /// Passes on what comes at `address` to the node at `target`.
  DamagingProxy(const std::string& address, const std::string& target) {
    const auto own = network::resolve_address(address, true);
    const auto node = network::resolve_address(target, true);
    require_success(own);
    require_success(node);
    target_ = *node;
    const int on = 1;
    BOOST_REQUIRE(::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    BOOST_REQUIRE(::bind(listener_, own->get(), own->size) == 0);
    BOOST_REQUIRE(::listen(listener_, SOMAXCONN) == 0);
    accepting_ = std::jthread{[this](const std::stop_token& stop) { accept(stop); }};
  }
  DamagingProxy(const DamagingProxy&) = delete;
  DamagingProxy& operator=(const DamagingProxy&) = delete;
  ~DamagingProxy() {
    accepting_.request_stop();
    accepting_.join();
    connections_.clear();  // each is told to end, and waited for
    ::close(listener_);
  }

  void damage(bool on) { damages_ = on; }
  /// Connections that were damaged, so far.
  [[nodiscard]] unsigned damaged() const { return damaged_; }

 private:
  static constexpr int kLookMs = 20;
  /// What one reads at once.
  static constexpr std::size_t kPieceBytes = 1024;
  /// Pieces that pass unharmed, at most, before one is damaged: the handshake takes two to four.
  static constexpr unsigned kPiecesBefore = 40;

  void accept(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, kLookMs) <= 0) continue;
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      const auto seed = static_cast<std::uint32_t>(connections_.size() + 1);
      connections_.emplace_back([this, client, seed](const std::stop_token& ends) { pass(client, seed, ends); });
    }
  }

  void pass(int client, std::uint32_t seed, const std::stop_token& stop) {
    const int node = ::socket(target_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::minstd_rand random{seed};
    unsigned before = static_cast<unsigned>(random()) % kPiecesBefore;
    bool is_damaged = false;
    std::array<pollfd, 2> ends{pollfd{client, POLLIN, 0}, pollfd{node, POLLIN, 0}};
    bool goes_on = ::connect(node, target_.get(), target_.size) == 0;
    while (goes_on && !stop.stop_requested()) {
      if (::poll(ends.data(), ends.size(), kLookMs) <= 0) continue;
      for (std::size_t from = 0; from < 2 && goes_on; ++from) {
        if (ends[from].revents == 0) continue;
        std::array<char, kPieceBytes> piece{};
        const ssize_t count = ::recv(ends[from].fd, piece.data(), piece.size(), 0);
        goes_on = count > 0;
        if (!goes_on) break;
        if (damages_ && !is_damaged && before-- == 0) {
          is_damaged = true;
          char& byte = piece[random() % static_cast<std::size_t>(count)];
          byte = static_cast<char>(byte ^ (1 << random() % 8));
          ++damaged_;
        }
        goes_on = ::send(ends[1 - from].fd, piece.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
      }
    }
    ::close(node);
    ::close(client);
  }

  const int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  network::SocketAddress target_;
  std::atomic<bool> damages_ = false;
  std::atomic<unsigned> damaged_ = 0;
  std::list<std::jthread> connections_;  // of the accepting thread, while it runs
  std::jthread accepting_;
};

}  // namespace myelin::test
