/// Looks up hosts' names, which may take long, on a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "address.hpp"

namespace myelin::network {

/// **Thread-safety**: thread-safe. Its destruction waits for a look-up that is under way.
class Resolver {
 public:
  using Then = std::function<void(Result<SocketAddress>)>;

  Resolver() = default;
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Calls `then` on the resolver's thread.
  void resolve(std::string address, Then then);

 private:
  struct Order {
    std::string address;
    Then then;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Order> orders_;
  bool stopping_ = false;
  std::thread thread_;  // started when first needed
};

}  // namespace myelin::network
